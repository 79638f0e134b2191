// The bar and the strip

const tellPage = () => {
  const index = current(), { label, place } = shown.contents.sheets[index];
  const field = part("page");
  const isNumber = place === `p. ${label}`;
  if (document.activeElement !== field) field.value = isNumber ? label : index + 1;
  const differs = isNumber && label !== String(index + 1);
  part("count").textContent = differs ? `(${index + 1} of ${count().toLocaleString("en")})` : `of ${count().toLocaleString("en")}`;
  strip.setAttribute("aria-valuemax", count());
  strip.setAttribute("aria-valuenow", index + 1);
  strip.setAttribute("aria-valuetext", place);
  track.style.setProperty("--start", `${(100 * index) / count()}%`);
  track.style.setProperty("--share", `${100 / count()}%`);
};

const tick = () => {
  const ticks = (list, name) => [...new Set(list)].map(page => {
    const one = make("i", name);
    one.style.left = `${(100 * (page - 0.5)) / count()}%`;
    return one;
  });
  track.replaceChildren(...ticks(cited, "wd-tick-cited"), ...ticks(hits.map(one => one.page), "wd-tick-hit"));
};

const pageNamed = text => {
  const wanted = text.trim().toLowerCase().replace(/^p\.? */, "");
  const index = shown.contents.sheets.findIndex(one => one.label.toLowerCase() === wanted);
  return index >= 0 ? index + 1 : Math.min(Math.max(parseInt(wanted, 10) || 0, 0), count());
};
part("page").addEventListener("keydown", event => {
  if (event.key !== "Enter") return;
  const page = pageNamed(event.target.value);
  reveal = null;
  if (page) goTo(page);
  event.target.blur();
  tellPage();
  scroll.focus();
});
part("page").addEventListener("focus", event => event.target.select());
part("page").addEventListener("blur", () => shown && tellPage());

const step = by => anew(() => {
  zoom = ZOOMS[Math.min(Math.max(ZOOMS.indexOf(zoom) + by, 0), ZOOMS.length - 1)];
  shown.measured.clear();
});
part("smaller").addEventListener("click", () => step(-1));
part("larger").addEventListener("click", () => step(1));
part("fit").addEventListener("click", () => anew(() => { zoom = 1; shown.measured.clear(); }));

strip.addEventListener("pointerdown", event => {
  const jump = one => {
    const box = track.getBoundingClientRect();
    reveal = null;
    goTo(Math.min(Math.max(Math.floor(((one.clientX - box.left) / box.width) * count()), 0), count() - 1) + 1);
  };
  strip.setPointerCapture(event.pointerId);
  jump(event);
  strip.onpointermove = jump;
  strip.onpointerup = () => { strip.onpointermove = null; };
});
strip.addEventListener("keydown", event => {
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity };
  if (!(event.key in steps)) return;
  event.preventDefault();
  reveal = null;
  goTo(Math.min(Math.max(current() + 1 + steps[event.key], 1), count()));
});
