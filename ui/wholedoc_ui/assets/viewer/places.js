// Contents, and places that hold the words

const list = (name, entries) => {
  const rows = entries.map(({ text, page, level = 1, say }) => {
    const button = make("button", "wd-viewer-entry");
    button.type = "button";
    button.style.paddingLeft = `${0.3 + 0.8 * (Math.min(level, 6) - 1)}rem`;
    button.append(...text, make("span", "wd-facts", ` ${shown.contents.sheets[page - 1]?.place ?? ""}`));
    button.addEventListener("click", say);
    const row = document.createElement("li");
    row.append(button);
    return row;
  });
  const all = make("ol", "wd-viewer-list");
  all.append(...rows);
  panel.replaceChildren(all);
  panel.dataset.holds = name;
  panel.hidden = false;
  part("contents").setAttribute("aria-expanded", name === "contents");
};
const closePanel = () => {
  panel.hidden = true;
  part("contents").setAttribute("aria-expanded", "false");
};
part("contents").addEventListener("click", () => {
  if (!panel.hidden && panel.dataset.holds === "contents") return closePanel();
  list("contents", shown.contents.outline.map(([text, level, page]) => ({
    text: [text], level, page,
    say: () => { reveal = null; goTo(page); if (scroll.clientWidth < 250) closePanel(); },
  })));
});

const showHit = number => {
  hit = (number + hits.length) % hits.length;
  part("hits").textContent = `${(hit + 1).toLocaleString("en")} of ${shown.found.toLocaleString("en")}`;
  if (panel.dataset.holds === "hits") {
    panel.querySelector("[aria-current]")?.removeAttribute("aria-current");
    const entry = panel.querySelectorAll("button")[hit];
    entry.setAttribute("aria-current", "true");
    entry.scrollIntoView({ block: "nearest" });
  }
  const { page } = hits[hit], there = sheets.get(page - 1);
  const box = there && drawn() ? there.node.querySelector(`mark.wd-hit[data-place="${hits[hit].number}"]`)?.getBoundingClientRect() : null;
  const seen = scroll.getBoundingClientRect();
  reveal = box && box.top > seen.top && box.bottom < seen.bottom ? null : { page, isHit: true };
  if (reveal) goTo(page);
  settle();
};
const forget = () => {
  [words, hits, hit] = ["", [], -1];
  part("hits").textContent = "";
  part("before").hidden = part("next").hidden = true;
  if (panel.dataset.holds === "hits") closePanel();
};
const find = async text => {
  const before = current() + 1;
  forget();
  words = text.trim();
  if (words) {
    quote = { page: 0, text: "" };
    const { id } = shown, asked = words;
    const found = await (await get(`${id}/find?${new URLSearchParams({ words })}`)).json();
    if (shown.id !== id || words !== asked) return;
    hits = found.places;
    shown.found = found.total;
    part("hits").textContent = hits.length ? "" : "Not in it";
    part("before").hidden = part("next").hidden = hits.length < 2;
  }
  tick();
  if (hits.length) {
    list("hits", hits.map((one, index) => ({
      text: [one.before, make("b", "", one.words), one.after], page: one.page, say: () => showHit(index),
    })));
    if (hasMore()) panel.append(make("p", "wd-note", `The first ${hits.length} of ${shown.found.toLocaleString("en")} places.`));
    draw();
    showHit(Math.max(hits.findIndex(one => one.page >= before), 0));
  } else draw();
};
const hasMore = () => shown.found > hits.length;
part("find").addEventListener("keydown", event => {
  if (event.key === "Enter") {
    if (hits.length && event.target.value.trim() === words) showHit(hit + (event.shiftKey ? -1 : 1));
    else find(event.target.value).catch(() => {});
  }
  if (event.key === "Escape" && (words || event.target.value)) {
    event.stopPropagation();
    event.target.value = "";
    find("");
  }
});
part("find").addEventListener("search", event => { if (!event.target.value && words) find(""); });
part("before").addEventListener("click", () => showHit(hit - 1));
part("next").addEventListener("click", () => showHit(hit + 1));
viewer.addEventListener("keydown", event => {
  if ((event.ctrlKey || event.metaKey) && event.key === "f") {
    event.preventDefault();
    part("find").focus();
    part("find").select();
  }
  if (event.key === "Escape" && !panel.hidden) {
    event.stopPropagation();
    closePanel();
  }
});
