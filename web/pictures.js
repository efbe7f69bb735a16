// Codes in pictures, as files or from the clipboard; the pictures are drawn here, read, and forgotten.

import { codeIn } from "./pkg/lintas.js";
import { failure } from "./words.js";

/** The text of the code in `file`; nothing where it shows none. */
export async function codeInFile(file) {
  const picture = await createImageBitmap(file).catch(() => {
    throw failure("format_unknown", "noPicture");
  });
  // One size finds what another misses: a code that fills the picture, and one in a corner of it.
  for (const side of SIDES) {
    const text = codeInPicture(picture, picture.width, picture.height, side);
    if (text !== undefined) {
      picture.close();
      return text;
    }
  }
  picture.close();
  return undefined;
}

/** The text of the code in what `picture` shows, drawn at most `side` points wide and high. */
export function codeInPicture(picture, width, height, side) {
  const scale = Math.min(1, side / Math.max(width, height));
  const [drawnWidth, drawnHeight] = [width, height].map((it) => Math.max(1, Math.round(it * scale)));
  Object.assign(canvas, { width: drawnWidth, height: drawnHeight });
  // A picture that lets light through lies on paper.
  context.fillStyle = "white";
  context.fillRect(0, 0, drawnWidth, drawnHeight);
  context.drawImage(picture, 0, 0, drawnWidth, drawnHeight);
  const points = context.getImageData(0, 0, drawnWidth, drawnHeight).data;
  Object.assign(canvas, { width: 1, height: 1 });
  return codeIn(new Uint8Array(points.buffer), drawnWidth, drawnHeight);
}

const canvas = document.createElement("canvas");
const context = canvas.getContext("2d", { willReadFrequently: true });
const SIDES = [2000, 1000];
