// Colours that game servers give to buttons, as far as the text stays readable.

const PLAIN = /^(?:#[0-9a-f]{3,8}|[a-z]{3,30}|(?:rgb|hsl)a?\([0-9.,%/\sa-z]{5,50}\))$/i;
const LEAST_CONTRAST = 4.5; // WCAG 2.2, 1.4.3
const DARK = [0, 0, 0];
const LIGHT = [255, 255, 255];

let probe;

/**
 * Return the colours of a button.
 *
 * @param {string | undefined} text the server's text colour
 * @param {string | undefined} background
 * @returns {{color: string, backgroundColor: string}} empty where the page's own colour stays. If text and
 *   background have too little contrast, the text is black or white.
 */
export function chooseColours(text, background) {
  const ground = readColour(background);
  const ink = readColour(text);
  if (!ground) return { color: ink && contrast(ink, LIGHT) >= LEAST_CONTRAST ? format(ink) : "", backgroundColor: "" };
  const readable = ink && contrast(ink, ground) >= LEAST_CONTRAST ? ink : pickInk(ground);
  return { color: format(readable), backgroundColor: format(ground) };
}

function pickInk(ground) {
  return contrast(LIGHT, ground) >= LEAST_CONTRAST ? LIGHT : DARK;
}

/** Return red, green and blue of an opaque colour, or null. */
function readColour(text) {
  if (!text || !PLAIN.test(text) || !CSS.supports("color", text)) return null;
  probe ??= document.createElement("canvas").getContext("2d");
  // A canvas ignores keywords such as `inherit`, and keeps its previous colour.
  const [first, second] = ["#010203", "#040506"].map((before) => {
    probe.fillStyle = before;
    probe.fillStyle = text;
    return probe.fillStyle;
  });
  if (first !== second || !first.startsWith("#")) return null;
  return [1, 3, 5].map((start) => Number.parseInt(first.slice(start, start + 2), 16));
}

function format(colour) {
  return `rgb(${colour.join(", ")})`;
}

/** Return the contrast ratio as WCAG defines it, from 1 to 21. */
function contrast(one, other) {
  const [darker, lighter] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(colour) {
  const [red, green, blue] = colour.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
