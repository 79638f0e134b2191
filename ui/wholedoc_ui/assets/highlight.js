// A page that is opened shows its quote: the page scrolls to it, and after a click the window to the page.
let clicked = 0;
document.addEventListener("click", event => {
  if (!event.target.closest?.(".wd-citations button, .wd-source, .wd-open-item, .wd-open-section, .wd-bar")) return;
  clicked = Date.now();
  setTimeout(() => { if (clicked) reveal(); }, 500); // a page that is open already does not change
}, true);

const reveal = () => {
  const scroll = element.querySelector(".wd-scroll");
  if (!scroll) return;
  const quote = scroll.querySelector("mark");
  if (quote) {
    const below = quote.getBoundingClientRect().top - scroll.getBoundingClientRect().top;
    scroll.scrollTop += below - scroll.clientHeight / 4;
  }
  if (Date.now() - clicked > 10000) return;
  clicked = 0;
  const { top, bottom } = (quote ?? scroll).getBoundingClientRect();
  if (top < 0 || bottom > innerHeight) scroll.closest("figure").scrollIntoView({ block: "start" });
};

new MutationObserver(reveal).observe(element, { childList: true, subtree: true });
