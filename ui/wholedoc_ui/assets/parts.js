// In a narrow window one part of the page is shown: the chat, until a person wants another or clicks what opens one. The
// page of a citation lies over the chat as a sheet, which is put away again.
const narrow = matchMedia("(max-width: 999px)");
const columns = () => document.getElementById("wd-columns"); // made after this
const isSheet = () => "sheet" in (columns()?.dataset ?? {});
let opener = null;
const show = name => {
  columns().dataset.part = name;
  delete columns().dataset.sheet;
  for (const one of element.querySelectorAll("[data-part]")) one.setAttribute("aria-pressed", one.dataset.part === name);
};
const putAway = () => {
  delete columns().dataset.sheet;
  opener?.focus();
};
element.addEventListener("click", event => {
  const button = event.target.closest("[data-part]");
  if (button) show(button.dataset.part);
});
document.addEventListener("click", event => {
  const target = event.target;
  if (isSheet() && (target.closest?.(".wd-put-away") || !target.closest?.("#wd-right"))) {
    if (!element.contains(target)) event.stopPropagation();
    putAway();
    return;
  }
  if (target.closest?.(".wd-open-conversation")) show("wd-middle");
  if (target.closest?.(".wd-open-introduced, .wd-open-document")) show("wd-right");
  opener = target.closest?.(".wd-source, .wd-open-item, .wd-open-section");
  if (!opener || !narrow.matches) return;
  columns().dataset.sheet = "";
  document.querySelector(".wd-put-away")?.focus({ preventScroll: true });
}, true);
document.addEventListener("keydown", event => {
  if (event.key !== "Escape" || !isSheet()) return;
  event.stopPropagation();
  putAway();
}, true);
for (const one of element.querySelectorAll("[data-part]")) one.setAttribute("aria-pressed", one.dataset.part === "wd-middle");
