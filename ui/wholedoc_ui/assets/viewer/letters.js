// What the pages in view say, laid over their pictures and not seen, so that it can be selected and copied

const letter = () => {
  if (!shown || !drawn()) return;
  const bare = [...sheets].find(([index, sheet]) => sheet.width && !sheet.text && !sheet.letters && isInView(index));
  if (bare) layLetters(...bare).catch(error => { if (error.name === "AbortError") bare[1].letters = null; });
};

const isInView = index => {
  const top = shown.tops[index] - scroll.scrollTop;
  return top < scroll.clientHeight && top + heightOf(index) > 0;
};

const layLetters = async (index, sheet) => {
  sheet.letters = make("div", "wd-letters");
  const lines = await (await get(`${shown.id}/${index + 1}/lines`, { signal: sheet.stop.signal })).json();
  if (sheets.get(index) !== sheet) return;
  const share = value => `${(value * 100).toFixed(3)}%`;
  sheet.letters.append(...lines.map(([text, x, y, width, height]) => {
    const line = make("span", "", text);
    Object.assign(line.style, { left: share(x), top: share(y), fontSize: `${(height * 100).toFixed(3)}cqh` });
    return line;
  }));
  sheet.node.querySelector(".wd-paper")?.append(sheet.letters);
  fit(sheet.letters, lines);
  pump();
};

// The letters are not those of the document's fonts, so that each line is stretched to its own width.
const fit = (letters, lines) => {
  const whole = letters.clientWidth;
  const widths = [...letters.children].map(line => line.offsetWidth);
  [...letters.children].forEach((line, at) => {
    if (widths[at]) line.style.transform = `scaleX(${((lines[at][3] * whole) / widths[at]).toFixed(4)})`;
  });
};
