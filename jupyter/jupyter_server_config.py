"""Settings of JupyterLab for this course. `make lab` points JUPYTER_CONFIG_PATH at this folder.

The JSON files beside this one switch off the news and update notices, and jupytext's extension: the course
needs jupytext for building the notebooks only.
"""

import os
from pathlib import Path

c = get_config()  # noqa: F821 (Jupyter provides it)

# Open the landing page, not the launcher.
c.LabApp.default_url = "/lab/tree/README.ipynb"

# Our own small extension, which opens the table of contents.
c.LabApp.extra_labextensions_path = [str(Path(__file__).resolve().parent / "labextensions")]

# In a container everyone is root, and JupyterLab would refuse to start.
c.ServerApp.allow_root = True

# No search for language servers at start: the course needs none.
c.LanguageServerManager.autodetect = False

# Talk to kernels through files instead of network ports. Windows has no such sockets.
if os.name == "posix":
    c.KernelManager.transport = "ipc"
