// ---- weights
// Two bytes hold a decimal number of four digits: 1 + 9000 d + (m - 1000) is m / 10^(3 + d), and 0 is less than 10^-6.
const WEIGHT = new Float64Array(65536);
for (let code = 1; code <= 63000; code++) {
  const d = Math.floor((code - 1) / 9000);
  WEIGHT[code] = (1000 + (code - 1) % 9000) / 10 ** (3 + d);
}
const digits = code => code === 0 ? '< 0.000001' : WEIGHT[code].toFixed(3 + Math.floor((code - 1) / 9000));

/** The planes of a layer, one for each head and then their mean: Uint16Array [queries, keys], causal ones as triangles. */
function planes(v, layer) {
  v.decoded ??= [];
  if (!v.decoded[layer]) {
    const element = $(`w-${v.index}-${layer}`);
    const text = atob(element.textContent), bytes = new Uint8Array(text.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
    element.remove();
    const all = new Uint16Array(bytes.buffer);
    const size = v.causal ? v.queries.length * (v.queries.length + 1) / 2 : v.queries.length * v.keys.length;
    v.decoded[layer] = Array.from({ length: v.heads + 1 }, (_, h) => all.subarray(h * size, (h + 1) * size));
  }
  return v.decoded[layer];
}
const plane = (v, layer, head) => planes(v, layer)[head === HEADS_MEAN ? v.heads : head];
const row = (v, q) => v.causal ? q * (q + 1) / 2 : q * v.keys.length;
const visible = (v, q) => v.causal ? q + 1 : v.keys.length;
const code = (v, p, q, k) => k < visible(v, q) ? p[row(v, q) + k] : 0;

// ---- colours
const SCALES = [
  { name: 'linear', of: w => w, ticks: [0, .5, 1] },
  { name: 'root', of: Math.sqrt, ticks: [0, .05, .25, 1] },
  { name: 'log', of: w => w > 0 ? Math.max(0, 1 + Math.log10(w) / 4) : 0, ticks: [.0001, .001, .01, .1, 1] },
];
let colours;
function colour() {
  const palette = data.palettes[theme()];
  const of = SCALES[state.scale].of;
  colours = new Uint32Array(65536);
  for (let c = 0; c < 65536; c++) {
    const rgb = parseInt(palette.substr(6 * Math.round(255 * Math.min(1, of(WEIGHT[c]))), 6), 16);
    colours[c] = 0xff000000 | (rgb & 255) << 16 | rgb & 0xff00 | rgb >> 16;
  }
}

