// The document beside the chat. Its pages stand below one another in one scroll area: only those near the view are in
// the page and have a picture, all others are room of the right height. What to open stands in .wd-opens elsewhere.
const part = name => element.querySelector(`.wd-viewer-${name}`);
const make = (tag, name, text = "") => Object.assign(document.createElement(tag), { className: name, textContent: text });
const viewer = element.querySelector(".wd-viewer");
const scroll = part("scroll"), pages = part("pages"), strip = part("strip"), track = part("track"), panel = part("panel");

const GAP = 12; // between pages, in pixels
const AT_ONCE = 2; // pictures that are fetched at a time: a browser has few connections for all of the page
const REST_MS = 150; // for so long who turns pages is not made to wait for those beside the one in view
const ZOOMS = [0.5, 0.75, 1, 1.25, 1.5, 2, 3]; // of the width that there is
const WIDTH_STEP = 200, WIDEST = 2400; // pictures come in few widths, so that a small change needs no other one

let shown = null; // the document: id, contents, heights, tops
let zoom = 1;
let quote = { page: 0, text: "" };
let words = "", hits = [], hit = -1;
let cited = [];
let reveal = null; // what to scroll to as soon as it is there: {page, number of the place, or -1 for the quote}
let loading = 0, resting = 0;
const sheets = new Map(); // the pages that are in the page now
const left = new Map(); // where a document was left

const get = async (path, options) => {
  const answer = await fetch(`viewer/${path}`, options);
  if (answer.ok) return answer;
  const said = await answer.json().catch(() => ({}));
  throw Object.assign(new Error(said.message ?? "The page cannot be fetched."), { answered: true });
};
const drawn = () => shown.contents.is_drawn;
const count = () => shown.contents.sheets.length;

// Where pages stand

const pageWidth = () => Math.max(scroll.clientWidth - 2 * GAP, 50) * zoom;

const heightOf = index => {
  const one = shown.contents.sheets[index];
  if (drawn()) return pageWidth() * one.shape;
  return shown.measured.get(index) ?? 60 + 24 * Math.ceil(one.letters / Math.max(pageWidth() / (8 * zoom), 10)) * zoom;
};

const layOut = () => {
  let top = GAP;
  shown.tops = [];
  for (let index = 0; index < count(); index++) {
    shown.tops.push(top);
    top += heightOf(index) + GAP;
  }
  shown.total = top;
  pages.style.height = `${top}px`;
  pages.style.width = `${pageWidth() + 2 * GAP}px`;
  for (const [index, sheet] of sheets) put(sheet, index);
};

const put = (sheet, index) => {
  const width = pageWidth();
  const style = { top: `${shown.tops[index]}px`, width: `${width}px`, left: `${Math.max(scroll.clientWidth - width, 2 * GAP) / 2}px` };
  Object.assign(sheet.node.style, style, drawn() ? { height: `${heightOf(index)}px` } : {});
  if (!drawn()) sheet.node.style.fontSize = `${zoom}rem`;
};

const indexAt = y => {
  let low = 0, high = count() - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (shown.tops[middle] <= y) low = middle; else high = middle - 1;
  }
  return low;
};
const isAtEnd = () => scroll.scrollTop > 0 && scroll.scrollTop + scroll.clientHeight >= shown.total - 2;
const current = () => (isAtEnd() ? count() - 1 : indexAt(scroll.scrollTop + scroll.clientHeight / 3));

// Where a person is, which stays when the pages get another size.
const place = () => {
  if (isAtEnd()) return { index: count() - 1, share: 1 }; // the end stays the end
  const index = indexAt(scroll.scrollTop + 1);
  return { index, share: (scroll.scrollTop - shown.tops[index]) / heightOf(index) };
};
const goBack = ({ index, share }) => { scroll.scrollTop = shown.tops[index] + share * heightOf(index); };
const anew = change => {
  const before = place();
  change();
  layOut();
  goBack(before);
  draw();
};

const goTo = page => {
  scroll.scrollTop = page <= 1 ? 0 : shown.tops[Math.min(page, count()) - 1] - GAP;
  draw();
};

// The pages in view

const draw = () => {
  if (!shown || !scroll.clientWidth) return;
  const [top, bottom] = [scroll.scrollTop, scroll.scrollTop + scroll.clientHeight];
  const first = Math.max(indexAt(top) - 1, 0), last = Math.min(indexAt(bottom) + 1, count() - 1);
  for (const [index, sheet] of sheets) {
    if (index < first - 1 || index > last + 1) drop(index, sheet);
  }
  for (let index = first; index <= last; index++) if (!sheets.has(index)) add(index);
  tellPage();
  pump();
  mark();
};

const add = index => {
  const node = make("article", "wd-sheet");
  node.dataset.page = index + 1;
  node.setAttribute("aria-label", `${shown.contents.sheets[index].place}`);
  const sheet = { node, width: 0, key: null, stop: new AbortController(), url: null, text: false, letters: null };
  sheets.set(index, sheet);
  put(sheet, index);
  const after = [...sheets.keys()].filter(one => one > index).sort((a, b) => a - b)[0];
  pages.insertBefore(node, after === undefined ? null : sheets.get(after).node); // in the order of reading
};

const drop = (index, sheet) => {
  sheet.stop.abort();
  if (sheet.url) URL.revokeObjectURL(sheet.url);
  sheet.node.remove();
  sheets.delete(index);
};

const widthWanted = () => Math.min(Math.ceil(pageWidth() * devicePixelRatio / WIDTH_STEP) * WIDTH_STEP, WIDEST);

// The pages whose pictures are missing, from the middle of the view on.
const missing = () => {
  const middle = current(), width = widthWanted();
  return [...sheets].filter(([, sheet]) => sheet.width !== width && !sheet.text && !sheet.fetching)
    .sort(([a], [b]) => Math.abs(a - middle) - Math.abs(b - middle));
};

// Fetches what is in view, and what is beside it when that is there and a person rests.
const pump = () => {
  if (!shown || loading >= AT_ONCE || !drawn()) return;
  for (const one of missing().filter(([index]) => isInView(index)).slice(0, AT_ONCE - loading)) fetchPicture(...one);
  if (loading || resting) return;
  resting = setTimeout(() => {
    resting = 0;
    if (loading || !drawn()) return; // which comes here again
    const [beside] = missing();
    if (beside) fetchPicture(...beside);
    else letter(); // pictures come first
  }, REST_MS);
};

// A picture that was asked for is drawn, whether it is still wanted or not. So it is waited for: the process that draws
// never has more than two to do before what is in view now.
const fetchPicture = async (index, sheet) => {
  const width = widthWanted();
  loading += 1;
  sheet.fetching = true;
  try {
    const answer = await get(`${shown.id}/${index + 1}/picture?width=${width}`);
    const url = URL.createObjectURL(await answer.blob());
    const image = new Image();
    image.src = url;
    await image.decode();
    if (sheets.get(index) !== sheet) return URL.revokeObjectURL(url);
    if (sheet.url) URL.revokeObjectURL(sheet.url);
    sheet.url = url;
    sheet.width = width;
    image.alt = `${shown.contents.sheets[index].place} of ${shown.contents.name}`;
    const paper = make("div", "wd-paper");
    paper.append(image, ...sheet.node.querySelectorAll("mark, .wd-letters"));
    sheet.node.replaceChildren(paper);
  } catch (error) {
    // Another tab may have removed the document, and then there is no text either.
    if (sheets.get(index) === sheet) await showText(index, sheet, error.message).catch(() => {});
  } finally {
    loading -= 1;
    sheet.fetching = false;
    pump();
  }
};

const showText = async (index, sheet, note = sheet.note ?? "") => {
  sheet.text = true;
  sheet.note = note;
  const asked = new URLSearchParams({ quote: quote.page === index + 1 ? quote.text : "", words });
  const said = await (await get(`${shown.id}/${index + 1}/text?${asked}`, { signal: sheet.stop.signal })).json();
  if (sheets.get(index) !== sheet) return;
  const text = make("div", "wd-text");
  text.append(...said.pieces.map(([piece, marked]) => (marked ? make("mark", "wd-highlight", piece) : piece)));
  const told = note || said.note;
  const head = drawn() ? [] : [make("p", "wd-sheet-place", shown.contents.sheets[index].place)];
  sheet.node.replaceChildren(...head, ...(told ? [make("p", "wd-note", told)] : []), text);
  if (!drawn()) measure(index, sheet);
  settle();
};

// A page of text is as high as it turns out to be; what is in view stays where it is.
const measure = (index, sheet) => {
  const height = sheet.node.offsetHeight;
  if (Math.abs(height - heightOf(index)) > 1) anew(() => shown.measured.set(index, height));
};
