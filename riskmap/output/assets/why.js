// What a click answers beside the class: why the place has its level, how many people, what is nearest.

const METRES_AROUND = 40075016.69;

// Values of the cells in few rounded numbers; unpacked when the page has been drawn, so that they delay nothing.
class Why {
  constructor(record) {
    Object.assign(this, record);
    this.arrays = null;
  }

  load() {
    if (!this.arrays) {
      const names = this.factors.map((_, i) => String(i)).concat("score", "before", this.people ? "people" : []);
      const put = (all, name, i) => Object.assign(all, { [name]: i });
      this.arrays = Promise.all(names.map((name) => unpack("why-" + name))).then((found) =>
        names.reduce((all, name, i) => put(all, name, found[i]), {})
      );
    }
    return this.arrays;
  }

  // The chain behind a cell: each layer's value, weight and part of the score, the largest part first.
  chain(arrays, cell) {
    const rows = this.factors.map((factor, i) => {
      const code = arrays[i][cell];
      const known = code !== 255;
      const normalised = known ? factor.normalised[code] : null;
      return {
        title: factor.title,
        raw: known ? factor.raw[code] : null,
        unit: factor.unit,
        normalised: normalised,
        weight: factor.weight,
        part: this.contributions && known ? factor.part[code] : null,
      };
    });
    const size = (row) => (row.part === null ? row.normalised === null ? -1 : row.normalised : row.part);
    rows.sort((a, b) => size(b) - size(a));
    const read = (name, list) => (arrays[name] && arrays[name][cell] !== 255 ? list[arrays[name][cell]] : null);
    return { rows: rows, score: read("score", this.score), before: arrays.before[cell], people: this.people ? read("people", this.people) : null };
  }

  // The interval of the score that makes a level, null where no score does.
  interval(level) {
    return this.intervals[level] || null;
  }
}

function plainNumber(value, digits) {
  return value === null || value === undefined ? "—" : value.toLocaleString("en-US", { maximumFractionDigits: digits });
}

// The chain as a list with bars: what each layer adds, and how that comes about.
function chainList(chain, why, words) {
  const list = element("ul", "chain");
  const most = Math.max(1e-9, ...chain.rows.map((row) => row.part || 0));
  for (const row of chain.rows) {
    const value = row.raw === null ? words.unknown : plainNumber(row.raw, 4) + (row.unit ? " " + row.unit : "");
    const said = { value: value, normalised: plainNumber(row.normalised, 2), weight: plainNumber(row.weight, 2) };
    const parts = [element("span", "layer", row.title)];
    if (why.contributions) parts.push(bar((row.part || 0) / most), element("b", "", plainNumber(row.part, 3)));
    parts.push(element("small", "", row.raw === null ? words.unknown : fill(words.why_line, said)));
    list.append(element("li", "", parts));
  }
  return list;
}

function bar(share) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "bar");
  svg.setAttribute("aria-hidden", "true");
  const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  rect.setAttribute("width", (100 * share).toFixed(1) + "%");
  rect.setAttribute("height", "100%");
  svg.append(rect);
  return svg;
}

// Fill a place of the popup with the chain of a cell.
function explain(app, holder, cell, level, open) {
  const { why, words } = app;
  why.load().then((arrays) => {
    const chain = why.chain(arrays, cell);
    if (chain.people !== null) {
      holder.before(element("p", "people", fill(words.people_here, { n: plainNumber(chain.people, chain.people < 10 ? 1 : 0) })));
    }
    const before = app.grids[0].classOf.get(chain.before);
    const interval = why.interval(chain.before);
    const summary = element("summary", "", words.why);
    const parts = [summary, chainList(chain, why, words)];
    if (chain.score !== null && interval && before) {
      const [low, high] = interval;
      const limit = (value) => (value === null ? "" : plainNumber(value, 3));
      const said = { score: plainNumber(chain.score, 3), level: before.label, low: limit(low), high: limit(high) };
      const wordsFor = low === null ? words.why_score_lowest : high === null ? words.why_score_highest : words.why_score;
      parts.push(element("p", "", fill(wordsFor, said)));
    }
    if (chain.before !== level && before) parts.push(element("p", "", fill(words.why_merged, { level: before.label })));
    parts.push(element("p", "rounded", words.why_rounded));
    const fold = element("details", "", parts);
    fold.open = open && window.innerHeight > 640;
    holder.append(fold);
  });
}

// The feature of a question's layer nearest to a place, and the sentence that says what it means there.
class Answer {
  constructor(record, overlay, values) {
    Object.assign(this, record, values);
    this.overlay = overlay;
  }

  at(lon, lat) {
    const metre = 1 / (METRES_AROUND * Math.cos((lat * Math.PI) / 180));
    const x = worldX(lon), y = worldY(lat), reach = this.reach * metre;
    const features = this.overlay.features;
    let best = null;
    for (let f = 0; f < features.count; f++) {
      if (!features.meets(f, x, y, x, y, reach)) continue;
      const distance = features.distance(f, x, y);
      if (distance <= reach && (!best || distance < best.distance)) best = { feature: f, distance: distance };
    }
    if (!best) return this.none;
    const said = { distance: metresText(best.distance / metre) };
    for (const column of Object.keys(this.values)) said[column] = this.values[column][best.feature];
    if (this.between) {
      const [from, to] = this.between.map((ends) => ends[best.feature]);
      const t = features.along(best.feature, x, y);
      said.along = from === null || to === null ? "—" : plainNumber(from + t * (to - from), 1);
    }
    return fill(this.found, said);
  }
}

function metresText(metres) {
  return metres < 1000 ? Math.round(metres) + " m" : (metres / 1000).toFixed(1) + " km";
}

async function loadAnswers(told, overlays) {
  const made = [];
  for (let i = 0; i < told.answers.length; i++) {
    made.push(new Answer(told.answers[i], overlays[told.answers[i].vector], await unpackJson("answer-" + i)));
  }
  return made;
}
