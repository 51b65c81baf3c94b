"""Settings of JupyterLab for this course. `make lab` points JUPYTER_CONFIG_PATH at this folder."""

import os

c = get_config()  # noqa: F821 (Jupyter provides it)

# Open the landing page, not the launcher.
c.ServerApp.default_url = "/lab/tree/README.ipynb"

# No search for language servers at start: the course needs none.
c.LanguageServerManager.autodetect = False

# Talk to kernels through files instead of network ports. Windows has no such sockets.
if os.name == "posix":
    c.KernelManager.transport = "ipc"
