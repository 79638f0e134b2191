() => {
  // The settings are a sheet over the page: while they are open nothing else takes a click or the focus.
  const settings = document.getElementById("wd-settings"), button = settings.querySelector(".toggle-button");
  const isOpen = () => settings.classList.contains("open");
  let was = null;
  const tell = () => {
    if (was === isOpen()) return;
    const first = was === null;
    was = isOpen();
    for (const one of settings.parentNode.children) if (one !== settings) one.inert = was;
    for (const [name, value] of [["role", "dialog"], ["aria-modal", "true"], ["aria-label", "Settings"]]) {
      if (was) settings.setAttribute(name, value);
      else settings.removeAttribute(name);
    }
    button.title = was ? "Close" : "Settings";
    button.setAttribute("aria-label", was ? "Close the settings" : "Settings");
    if (!first) button.focus(); // it opens them and closes them
  };
  new MutationObserver(tell).observe(settings, { attributeFilter: ["class"] });
  tell();
  document.addEventListener("pointerdown", event => {
    if (isOpen() && !event.target.closest("#wd-settings, .toast-wrap")) button.click();
  });
}
