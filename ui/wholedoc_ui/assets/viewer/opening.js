// What is opened

const load = async id => {
  const contents = await (await get(encodeURIComponent(id))).json();
  if (shown && scroll.clientWidth) left.set(shown.id, place());
  for (const [index, sheet] of sheets) drop(index, sheet);
  closePanel();
  forget();
  part("find").value = "";
  zoom = 1;
  shown = { id, contents, tops: [], measured: new Map(), total: 0, found: 0 };
  viewer.hidden = false;
  part("name").textContent = part("name").title = contents.name;
  part("note").textContent = contents.note;
  part("note").hidden = !contents.note;
  part("contents").hidden = !contents.outline.length;
  scroll.setAttribute("aria-label", `Pages of ${contents.name}`);
};

let asked = 0, waiting = null;
const open = async target => {
  const mine = ++asked, page = Number(target.page);
  cited = target.cited.split(" ").filter(Boolean).map(Number);
  const isNew = shown?.id !== target.document;
  try {
    if (isNew) await load(target.document);
  } catch (error) {
    if (mine === asked && error.answered) viewer.hidden = true;
    return;
  }
  if (mine !== asked) return;
  quote = { page, text: target.quote };
  reveal = target.quote ? { page, isHit: false } : null;
  waiting = () => {
    waiting = null;
    layOut();
    tick();
    if (page) goTo(page);
    else if (isNew) goBack(left.get(shown.id) ?? { index: 0, share: -1 });
    draw();
  };
  if (scroll.clientWidth) waiting();
};

const opens = document.getElementById("wd-page");
let number = -1, named = "";
const look = () => {
  const target = opens.querySelector(".wd-opens")?.dataset;
  viewer.hidden = !target || !shown;
  if (!target || Number(target.number) < number) return; // an update that was made before a person opened another
  if (Number(target.number) > number || target.document !== named) {
    [number, named] = [Number(target.number), target.document];
    open({ ...target });
  } else if (shown) {
    if (!target.quote && quote.text) { // of an answer before, where this one has none
      quote = { page: 0, text: "" };
      mark();
    }
    cited = target.cited.split(" ").filter(Boolean).map(Number);
    tick();
  }
};
new MutationObserver(look).observe(opens, { childList: true, subtree: true, characterData: true, attributes: true });
look();

let framed = false;
scroll.addEventListener("scroll", () => {
  if (framed) return;
  framed = true;
  requestAnimationFrame(() => {
    framed = false;
    draw();
  });
}, { passive: true });

let width = 0;
new ResizeObserver(() => {
  if (!shown || !scroll.clientWidth || waiting) return scroll.clientWidth && waiting ? waiting() : undefined;
  if (width === scroll.clientWidth) return draw();
  width = scroll.clientWidth;
  anew(() => shown.measured.clear());
}).observe(scroll);
