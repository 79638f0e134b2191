// What is marked on the pages in view

const mark = () => {
  for (const [index, sheet] of sheets) {
    const key = JSON.stringify([quote.page === index + 1 ? quote.text : "", words]);
    if (sheet.key === key) continue;
    sheet.key = key;
    const done = drawn() && !sheet.text ? markPicture(index, sheet, key) : showText(index, sheet);
    done.catch(error => { if (error.name !== "AbortError") sheet.key = null; });
  }
  settle();
};

const markPicture = async (index, sheet, key) => {
  const [said, looked] = JSON.parse(key);
  let found = { quote: [], words: [] };
  if (said || looked) {
    const asked = new URLSearchParams({ quote: said, words: looked });
    found = await (await get(`${shown.id}/${index + 1}/marks?${asked}`, { signal: sheet.stop.signal })).json();
  }
  if (sheet.key !== key) return;
  sheet.marked = true;
  for (const one of sheet.node.querySelectorAll("mark")) one.remove();
  const box = ([x, y, width, height], name, number) => {
    const one = make("mark", name);
    one.dataset.place = number;
    const share = value => `${(value * 100).toFixed(3)}%`;
    Object.assign(one.style, { left: share(x), top: share(y), width: share(width), height: share(height) });
    return one;
  };
  (sheet.node.querySelector(".wd-paper") ?? sheet.node).append(
    ...found.quote.map(one => box(one, "wd-highlight", "quote")),
    ...found.words.flatMap((boxes, number) => boxes.map(one => box(one, "wd-highlight wd-hit", number))),
  );
  settle();
};

// Scrolls to what was asked for, once it is there.
const settle = () => {
  for (const one of pages.querySelectorAll("mark.wd-current")) one.classList.remove("wd-current");
  const place = hits[hit];
  const marks = page => [...(sheets.get(page - 1)?.node.querySelectorAll("mark") ?? [])];
  const ofHit = page => {
    const all = marks(page).filter(one => one.dataset.place !== "quote");
    return drawn() && all[0]?.dataset.place ? all.filter(one => Number(one.dataset.place) === place.number) : all.slice(place.number, place.number + 1);
  };
  if (place) for (const one of ofHit(place.page)) one.classList.add("wd-current");
  if (!reveal) return;
  const [first] = reveal.isHit ? ofHit(reveal.page) : marks(reveal.page);
  if (!first) return;
  reveal = null;
  const below = first.getBoundingClientRect().top - scroll.getBoundingClientRect().top;
  scroll.scrollTop += below - scroll.clientHeight / 4;
  const aside = first.getBoundingClientRect().left - scroll.getBoundingClientRect().left;
  if (aside < 0 || aside > scroll.clientWidth * 0.8) scroll.scrollLeft += aside - scroll.clientWidth / 4;
};
for (const moved of ["wheel", "pointerdown", "keydown", "touchstart"]) {
  scroll.addEventListener(moved, () => { reveal = null; }, { passive: true });
}
