// An extension of JupyterLab, small enough to need no build: where there is no layout of an earlier visit to
// restore, it opens the table of contents in the place of the file browser. No setting of JupyterLab does that.
// The form around it (init, get) is what JupyterLab expects of every extension that it loads.

(() => {
  const plugin = {
    id: 'learntorch-lab:contents',
    description: 'Opens the table of contents on a first visit.',
    autoStart: true,
    activate: app => {
      void Promise.all([app.shell.restored, app.restored]).then(([layout]) => {
        if (layout && layout.fresh && app.commands.hasCommand('toc:show-panel')) {
          void app.commands.execute('toc:show-panel');
        }
      });
    }
  };
  const registry = (window._JUPYTERLAB = window._JUPYTERLAB || {});
  registry['learntorch-lab'] = {
    init: () => undefined,
    get: () => Promise.resolve(() => ({ __esModule: true, default: plugin }))
  };
})();
