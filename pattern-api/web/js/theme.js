// A classic script in the head, so that the chosen theme is there before the first paint.
(() => {
  const KEY = "naia.theme";
  const root = document.documentElement;
  const stored = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null;
    }
  };
  const apply = (theme) => {
    if (theme) root.dataset.theme = theme;
    else delete root.dataset.theme;
  };
  const isDark = () =>
    root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;

  apply(stored());
  window.naiaTheme = {
    isDark,
    toggle() {
      const theme = isDark() ? "light" : "dark";
      apply(theme);
      try {
        localStorage.setItem(KEY, theme);
      } catch {
        // Private windows may refuse storage; the choice then lasts as long as the page.
      }
    },
  };
})();
