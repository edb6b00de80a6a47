// One head at a time in full, all heads in small. Everything is drawn on canvases; data and weights are in the page.
const $ = id => document.getElementById(id);
const data = JSON.parse($('data').textContent);
const views = data.views;
const HEADS_MEAN = -1;
const state = { view: 0, layer: 0, head: 0, scale: 0, at: null, kept: null, zoom: 1, x: 0, y: 0, scroll: [0, 0] };
const view = () => views[state.view];
const theme = () => document.documentElement.dataset.theme;
const css = name => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
const clamp = (x, low, high) => Math.min(Math.max(x, low), high);

/** A canvas of this size in CSS pixels, cleared. */
function draw(canvas, width, height) {
  const dpr = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * dpr);
  canvas.height = Math.round(height * dpr);
  canvas.style.width = width + 'px';
  canvas.style.height = height + 'px';
  const g = canvas.getContext('2d');
  g.scale(dpr, dpr);
  g.textBaseline = 'middle';
  return g;
}

/** An image of weights, reduced to at most this many pixels a side by taking the heaviest. */
function image(v, p, most) {
  const rows = v.queries.length, columns = v.keys.length;
  const step = Math.max(1, Math.ceil(Math.max(rows, columns) / most));
  const width = Math.ceil(columns / step), height = Math.ceil(rows / step);
  const heaviest = new Uint16Array(width * height), sizes = new Float64Array(width * height).fill(-1);
  for (let q = 0; q < rows; q++) {
    const y = Math.floor(q / step) * width, from = row(v, q);
    for (let k = 0; k < visible(v, q); k++) {
      const at = y + Math.floor(k / step), c = p[from + k];
      if (WEIGHT[c] > sizes[at]) { sizes[at] = WEIGHT[c]; heaviest[at] = c; }
    }
  }
  const pixels = new ImageData(width, height);
  const out = new Uint32Array(pixels.data.buffer);
  for (let i = 0; i < out.length; i++) out[i] = sizes[i] < 0 ? 0 : colours[heaviest[i]];
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext('2d').putImageData(pixels, 0, 0);
  return canvas;
}

// ---- the small maps
const grid = { left: 20, top: 18, gap: 4 };
function sizeOfGrid(v) {
  grid.cell = clamp(Math.floor(352 / (v.heads + 1)) - grid.gap, 18, 60);
  const w = grid.cell * Math.min(1, v.keys.length / v.queries.length), h = grid.cell * Math.min(1, v.queries.length / v.keys.length);
  grid.width = Math.max(8, w); grid.height = Math.max(8, h);
}
const column = head => grid.left + (head === HEADS_MEAN ? view().heads : head) * (grid.width + grid.gap) + (head === HEADS_MEAN ? 8 : 0);
const line = layer => grid.top + layer * (grid.height + grid.gap);
let gridRun = 0;
let small = { of: '', layers: [] };
/** The small maps of a layer, made once for a view, theme, scale and size. */
function images(v, layer) {
  const pixels = Math.round(grid.cell * (window.devicePixelRatio || 1)), of = [v.index, theme(), state.scale, pixels].join();
  if (small.of !== of) small = { of, layers: [] };
  return small.layers[layer] ??= planes(v, layer).map(p => image(v, p, pixels));
}
function drawGrid() {
  const v = view(), run = ++gridRun;
  sizeOfGrid(v);
  const g = draw($('grid'), column(HEADS_MEAN) + grid.width + 4, line(v.layers) + 2);
  Object.assign($('grid').dataset, { left: grid.left, top: grid.top, columns: grid.width + grid.gap, rows: grid.height + grid.gap });
  g.fillStyle = css('muted');
  g.font = '10px ' + css('sans');
  g.textAlign = 'center';
  for (let h = 0; h < v.heads; h++) if (grid.width >= 12 || h % 4 === 0) g.fillText(h, column(h) + grid.width / 2, 8);
  g.fillText(grid.width < 24 ? 'x̄' : 'mean', column(HEADS_MEAN) + grid.width / 2, 8);
  g.textAlign = 'right';
  for (let l = 0; l < v.layers; l++) g.fillText(l, grid.left - 7, line(l) + grid.height / 2);
  const next = layer => {
    if (run !== gridRun || layer === v.layers) return;
    images(v, layer).forEach((drawn, h) => drawSmall(g, drawn, layer, h === v.heads ? HEADS_MEAN : h));
    $('grid').dataset.drawn = layer + 1;
    setTimeout(next, 0, layer + 1);
  };
  next(0);
}
function drawSmall(g, drawn, layer, head) {
  const x = column(head), y = line(layer), chosen = layer === state.layer && head === state.head;
  g.imageSmoothingEnabled = false;
  g.drawImage(drawn, x, y, grid.width, grid.height);
  g.lineWidth = chosen ? 2 : 1;
  g.strokeStyle = css(chosen ? 'accent' : 'hair');
  const out = chosen ? 1 : .5;
  g.strokeRect(x - out, y - out, grid.width + 2 * out, grid.height + 2 * out);
}

// ---- the large map
const map = {};
let large;
function sizeOfMap() {
  const v = view(), canvas = $('map'), g = canvas.getContext('2d');
  g.font = '13px ' + css('sans');
  const widest = tokens => Math.max(...tokens.map(t => g.measureText(t).width)) + 16;
  map.left = clamp(widest(v.queries), 34, 110);
  map.top = clamp(widest(v.keys), 34, 110);
  const above = canvas.getBoundingClientRect().top + scrollY;
  const room = { x: canvas.parentElement.clientWidth - map.left - 2, y: Math.max(300, innerHeight - above - 74 - map.top) };
  map.cell0 = Math.min(room.x / v.keys.length, room.y / v.queries.length, 52);
  map.level = widest(v.keys) - 8 <= map.cell0;
  if (map.level) map.top = 28;
  map.width = map.cell0 * v.keys.length;
  map.height = map.cell0 * v.queries.length;
}
function drawMap() {
  const v = view(), p = plane(v, state.layer, state.head);
  large ??= image(v, p, Infinity);
  map.cell = map.cell0 * state.zoom;
  state.x = clamp(state.x, 0, map.cell * v.keys.length - map.width);
  state.y = clamp(state.y, 0, map.cell * v.queries.length - map.height);
  const canvas = $('map'), g = draw(canvas, map.left + map.width + 1, map.top + map.height + 1);
  Object.assign(canvas.dataset, { left: map.left, top: map.top, cell: map.cell });
  g.save();
  g.beginPath();
  g.rect(map.left, map.top, map.width, map.height);
  g.clip();
  g.translate(map.left - state.x, map.top - state.y);
  g.imageSmoothingEnabled = map.cell * (window.devicePixelRatio || 1) < 1;
  g.drawImage(large, 0, 0, map.cell * v.keys.length, map.cell * v.queries.length);
  if (map.cell >= 9) drawGaps(g, v);
  const at = state.at ?? state.kept;
  if (at) drawCross(g, v, at);
  g.restore();
  g.strokeStyle = css('hair');
  g.strokeRect(map.left - .5, map.top - .5, map.width + 1, map.height + 1);
  drawAxis(g, v.queries, at?.q, false);
  drawAxis(g, v.keys, at?.k, true);
}
function drawGaps(g, v) {
  g.strokeStyle = css('ground');
  g.lineWidth = 1;
  g.beginPath();
  for (let k = 1; k < v.keys.length; k++) { g.moveTo(k * map.cell, 0); g.lineTo(k * map.cell, v.queries.length * map.cell); }
  for (let q = 1; q < v.queries.length; q++) { g.moveTo(0, q * map.cell); g.lineTo(v.keys.length * map.cell, q * map.cell); }
  g.stroke();
}
function drawCross(g, v, { q, k }) {
  const c = map.cell;
  g.strokeStyle = css('accent');
  g.globalAlpha = .55;
  g.lineWidth = 1;
  g.strokeRect(-1, q * c, v.keys.length * c + 2, c);
  g.strokeRect(k * c, -1, c, v.queries.length * c + 2);
  g.globalAlpha = 1;
  g.lineWidth = 2;
  const r = Math.max(c, 5);
  g.strokeRect((k + .5) * c - r / 2, (q + .5) * c - r / 2, r, r);
}
/** Tokens along an axis: all where there is room, else some, and always the one pointed at. */
function drawAxis(g, tokens, at, across) {
  const step = Math.ceil(11 / map.cell), origin = across ? map.left - state.x : map.top - state.y;
  const low = across ? map.left : map.top, high = low + (across ? map.width : map.height);
  const label = (i, mark) => {
    const middle = origin + (i + .5) * map.cell;
    if (middle < low || middle > high) return;
    g.save();
    g.translate(across ? middle : map.left - 6, across ? map.top - 6 : middle);
    const rotated = across && !(map.level && state.zoom === 1);
    if (rotated) g.rotate(-Math.PI / 2);
    if (across && !rotated) g.translate(0, -6);
    g.textAlign = !across ? 'right' : rotated ? 'left' : 'center';
    g.fillStyle = css(mark ? 'accent' : map.cell < 11 ? 'muted' : 'ink');
    g.fillText(cut(g, tokens[i], (across ? map.top : map.left) - 8), 0, 0);
    g.restore();
  };
  for (const mark of [false, true]) {
    g.font = `${mark ? 600 : 400} ${clamp(map.cell * .62, 10, 13)}px ${css('sans')}`;
    if (mark && at != null) label(at, true);
    for (let i = 0; !mark && i < tokens.length; i += step) if (at == null || Math.abs(i - at) >= step) label(i, false);
  }
}
function cut(g, text, width) {
  if (g.measureText(text).width <= width) return text;
  while (text && g.measureText(text + '…').width > width) text = text.slice(0, -1);
  return text + '…';
}

// ---- lines
const lines = { width: 350, label: 108 };
function drawLines() {
  const v = view(), p = plane(v, state.layer, state.head), at = state.at ?? state.kept;
  const above = $('lines').getBoundingClientRect().top + scrollY;
  const most = Math.max(v.queries.length, v.keys.length), room = Math.max(260, innerHeight - above - 230);
  lines.row = clamp(room / most, 16, 26);
  lines.height = Math.min(room, most * lines.row);
  [v.queries, v.keys].forEach((tokens, i) => {
    const long = tokens.length * lines.row - lines.height;
    if (at && (state.at?.from ?? 'map') === 'map') state.scroll[i] = ((i ? at.k : at.q) + .5) * lines.row - lines.height / 2;
    state.scroll[i] = clamp(state.scroll[i], 0, Math.max(0, long));
  });
  const g = draw($('lines'), lines.width, lines.height);
  Object.assign($('lines').dataset, { row: lines.row, label: lines.label, left: state.scroll[0], right: state.scroll[1] });
  const y = (i, side) => (i + .5) * lines.row - state.scroll[side];
  const shown = (i, side) => y(i, side) > -lines.row && y(i, side) < lines.height + lines.row;
  g.font = '13px ' + css('sans');
  drawCurves(g, v, p, at, y, shown);
  drawTokens(g, v.queries, at?.q, i => y(i, 0), i => shown(i, 0), 'right', lines.label - 8);
  drawTokens(g, v.keys, at?.k, i => y(i, 1), i => shown(i, 1), 'left', lines.width - lines.label + 8);
}
function drawCurves(g, v, p, at, y, shown) {
  const left = lines.label, right = lines.width - lines.label, middle = (left + right) / 2;
  g.strokeStyle = css('accent');
  const curve = (q, k) => {
    const w = WEIGHT[code(v, p, q, k)];
    if (w < .004) return;
    g.globalAlpha = clamp(Math.sqrt(w), .05, 1);
    g.lineWidth = .6 + 3.4 * w;
    g.beginPath();
    g.moveTo(left, y(q, 0));
    g.bezierCurveTo(middle, y(q, 0), middle, y(k, 1), right, y(k, 1));
    g.stroke();
  };
  v.queries.forEach((_, q) => {
    if (at?.side === 1 || (at ? at.q !== q : !shown(q, 0))) return;
    for (let k = 0; k < visible(v, q); k++) if (at || shown(k, 1)) curve(q, k);
  });
  if (at?.side === 1) v.queries.forEach((_, q) => curve(q, at.k));
  g.globalAlpha = 1;
}
function drawTokens(g, tokens, at, y, shown, align, x) {
  g.textAlign = align;
  tokens.forEach((t, i) => {
    if (!shown(i)) return;
    g.fillStyle = css(i === at ? 'accent' : 'ink');
    g.font = `${i === at ? 600 : 400} 13px ${css('sans')}`;
    g.fillText(cut(g, t, lines.label - 12), x, y(i));
  });
}
/** Which one, where the same token occurs more than once. */
function place(tokens, i) {
  const once = tokens.indexOf(tokens[i]) === tokens.lastIndexOf(tokens[i]);
  return once ? [] : [Object.assign(document.createElement('sub'), { textContent: i })];
}
function listTop() {
  const v = view(), at = state.at ?? state.kept, p = plane(v, state.layer, state.head);
  const list = $('top');
  list.replaceChildren();
  $('flow').textContent = at ? `What “${v.queries[at.q]}” attends to` : 'Queries to keys';
  if (!at) return;
  const keys = Array.from({ length: visible(v, at.q) }, (_, k) => k);
  keys.sort((a, b) => WEIGHT[code(v, p, at.q, b)] - WEIGHT[code(v, p, at.q, a)]);
  for (const k of keys.slice(0, 5)) {
    const c = code(v, p, at.q, k), item = document.createElement('li');
    for (const [tag, text] of [['b', v.keys[k]], ['i', ''], ['span', digits(c)]]) {
      item.append(Object.assign(document.createElement(tag), { textContent: text }));
    }
    item.firstChild.append(...place(v.keys, k));
    item.addEventListener('click', () => { state.kept = { q: at.q, k }; render(false); });
    item.children[1].style.width = 100 * WEIGHT[c] + '%';
    list.append(item);
  }
}

// ---- what is chosen
function choose(change) {
  const before = { ...state };
  Object.assign(state, change);
  const v = view();
  state.layer = clamp(state.layer, 0, v.layers - 1);
  state.head = clamp(state.head, HEADS_MEAN, v.heads - 1);
  if (before.view !== state.view) Object.assign(state, { at: null, kept: null, zoom: 1, x: 0, y: 0, scroll: [0, 0] });
  render(true);
}
function render(all) {
  if (all) { large = null; colour(); drawGrid(); sizeOfMap(); drawLegend(); say(); }
  drawMap();
  drawLines();
  listTop();
}
function say() {
  const v = view(), head = state.head === HEADS_MEAN ? 'mean of heads' : 'head ' + state.head;
  $('chosen').innerHTML = `<span>layer</span> ${state.layer} <span>·</span> ${head}`;
  $('axes').textContent = v.cross ? 'Rows: target · columns: source' : 'Rows: queries · columns: keys';
  $('about').textContent = `${data.model} · ${v.title} · ${v.layers} layers of ${v.heads} heads · `
    + (v.cross ? `${v.queries.length} tokens to ${v.keys.length}` : `${v.keys.length} tokens`);
  for (const [id, chosen] of [['views', state.view], ['scales', state.scale]]) {
    [...$(id).children].forEach((b, i) => b.setAttribute('aria-pressed', i === chosen));
  }
}
function drawLegend() {
  const g = draw($('legend'), 190, 30), palette = data.palettes[theme()], { of, ticks } = SCALES[state.scale];
  for (let i = 0; i < 170; i++) {
    g.fillStyle = '#' + palette.substr(6 * Math.round(i / 169 * 255), 6);
    g.fillRect(10 + i, 2, 1, 9);
  }
  g.fillStyle = css('muted');
  g.font = '10px ' + css('sans');
  g.textAlign = 'center';
  for (const t of ticks) g.fillText(t < .01 && t ? t.toExponential(0).replace('e-', '·10⁻').replace('4', '⁴').replace('3', '³').replace('1·', '') : t, 10 + 170 * of(t), 22);
}
function point(at, event) {
  state.at = at;
  const tip = $('tip'), v = view();
  tip.hidden = !at;
  if (at && event) {
    const hidden = at.k >= visible(v, at.q);
    const weight = hidden ? 'hidden' : digits(code(v, plane(v, state.layer, state.head), at.q, at.k));
    tip.replaceChildren(v.queries[at.q], ...place(v.queries, at.q), Object.assign(document.createElement('em'), { textContent: '→' }),
      v.keys[at.k], ...place(v.keys, at.k),
      Object.assign(document.createElement('b'), { textContent: weight }));
    const right = Math.min(event.target.getBoundingClientRect().right, innerWidth - 8);
    tip.style.left = Math.max(8, Math.min(event.clientX + 16, right - tip.offsetWidth)) + 'px';
    tip.style.top = Math.min(event.clientY + 18, innerHeight - tip.offsetHeight - 8) + 'px';
  }
  requestAnimationFrame(() => render(false));
}

// ---- mouse and keys
function cell(event) {
  const v = view();
  const k = Math.floor((event.offsetX - map.left + state.x) / map.cell), q = Math.floor((event.offsetY - map.top + state.y) / map.cell);
  const inside = event.offsetX >= map.left && event.offsetY >= map.top && q < v.queries.length && k < v.keys.length;
  return inside ? { q, k, from: 'map' } : null;
}
$('map').addEventListener('mousemove', e => point(cell(e), e));
$('map').addEventListener('mouseleave', () => point(null));
$('map').addEventListener('click', e => { state.kept = cell(e); render(false); });
$('map').addEventListener('dblclick', () => { Object.assign(state, { zoom: 1, x: 0, y: 0 }); render(false); });
$('map').addEventListener('wheel', e => {
  e.preventDefault();
  const zoom = clamp(state.zoom * Math.exp(-e.deltaY / 300), 1, Math.max(1, 40 / map.cell0)), by = zoom / state.zoom;
  state.x = (state.x + e.offsetX - map.left) * by - e.offsetX + map.left;
  state.y = (state.y + e.offsetY - map.top) * by - e.offsetY + map.top;
  state.zoom = zoom;
  point(cell(e), e);
}, { passive: false });
$('lines').addEventListener('mousemove', e => {
  const v = view(), side = e.offsetX < lines.width / 2 ? 0 : 1, tokens = side ? v.keys : v.queries;
  const i = clamp(Math.floor((e.offsetY + state.scroll[side]) / lines.row), 0, tokens.length - 1);
  const p = plane(v, state.layer, state.head);
  let q = i, k = i;
  if (side) v.queries.forEach((_, j) => { if (j === 0 || WEIGHT[code(v, p, j, k)] > WEIGHT[code(v, p, q, k)]) q = j; });
  else for (let j = k = 0; j < visible(v, q); j++) if (WEIGHT[code(v, p, q, j)] > WEIGHT[code(v, p, q, k)]) k = j;
  point({ q, k, side, from: 'lines' }, e);
});
$('lines').addEventListener('mouseleave', () => point(null));
$('lines').addEventListener('wheel', e => {
  e.preventDefault();
  state.scroll[e.offsetX < lines.width / 2 ? 0 : 1] += e.deltaY;
  render(false);
}, { passive: false });
$('grid').addEventListener('click', e => {
  const v = view(), layer = Math.floor((e.offsetY - grid.top) / (grid.height + grid.gap));
  for (let h = HEADS_MEAN; h < v.heads; h++) {
    if (e.offsetX >= column(h) && e.offsetX < column(h) + grid.width + grid.gap && layer >= 0 && layer < v.layers) choose({ layer, head: h });
  }
});
const turn = by => {
  const n = view().heads + 1, at = state.head === HEADS_MEAN ? n - 1 : state.head, to = (at + by + n) % n;
  choose({ head: to === n - 1 ? HEADS_MEAN : to });
};
const keys = {
  ArrowLeft: () => turn(-1), ArrowRight: () => turn(1),
  ArrowUp: () => choose({ layer: state.layer - 1 }), ArrowDown: () => choose({ layer: state.layer + 1 }),
  a: () => choose({ head: HEADS_MEAN }), v: () => choose({ view: (state.view + 1) % views.length }),
  s: () => choose({ scale: (state.scale + 1) % SCALES.length }), t: () => toggle(),
  Escape: () => { Object.assign(state, { kept: null, at: null }); render(false); },
};
addEventListener('keydown', e => {
  const action = !e.ctrlKey && !e.metaKey && !e.altKey && keys[e.key.length === 1 ? e.key.toLowerCase() : e.key];
  if (action) { e.preventDefault(); action(); }
});

// ---- the page
function toggle() {
  document.documentElement.dataset.theme = theme() === 'dark' ? 'light' : 'dark';
  render(true);
}
function buttons(id, names, key) {
  $(id).append(...names.map((name, i) => {
    const button = Object.assign(document.createElement('button'), { type: 'button', textContent: name });
    button.addEventListener('click', () => choose({ [key]: i }));
    return button;
  }));
  $(id).hidden = names.length < 2;
}
const night = matchMedia('(prefers-color-scheme: dark)');
document.documentElement.dataset.theme = night.matches ? 'dark' : 'light';
night.addEventListener('change', e => { document.documentElement.dataset.theme = e.matches ? 'dark' : 'light'; render(true); });
$('theme').addEventListener('click', toggle);
$('text').textContent = data.text;
$('text').classList.toggle('long', data.text.length > 160);
document.title = `Attention: ${data.text.slice(0, 60)}`;
views.forEach((v, i) => { v.index = i; });
buttons('views', views.map(v => v.title), 'view');
buttons('scales', SCALES.map(s => s.name), 'scale');
$('viewkey').hidden = views.length < 2;
state.scale = Math.max(...views.map(v => v.keys.length)) > 100 ? 2 : 1;
addEventListener('resize', () => render(true));
choose({ view: data.view, layer: data.layer, head: data.head });
document.documentElement.dataset.ready = 'true';
