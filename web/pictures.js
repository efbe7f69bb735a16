// Codes in pictures, as files or from the clipboard; the pictures are drawn here, read, and forgotten.

import { codeIn } from "./pkg/lintas.js";
import { failure } from "./words.js";

/** The text of the code in `file`; nothing where it shows none. */
export async function codeInFile(file) {
  const picture = await createImageBitmap(file).catch(() => {
    throw failure("format_unknown", "noPicture");
  });
  // One size finds what another misses: a code that fills the picture, and one in a corner of it.
  for (const points of [MAX_POINTS, FEWER_POINTS]) {
    const text = codeInPicture(picture, picture.width, picture.height, points);
    if (text !== undefined) {
      picture.close();
      return text;
    }
  }
  picture.close();
  return undefined;
}

/** The text of the code in what `picture` shows, drawn with at most so many `points`. */
export function codeInPicture(picture, width, height, points) {
  const scale = Math.min(1, Math.sqrt(points / (width * height)));
  const [drawnWidth, drawnHeight] = [width, height].map((it) => Math.max(1, Math.floor(it * scale)));
  Object.assign(canvas, { width: drawnWidth, height: drawnHeight });
  // A picture that lets light through lies on paper.
  context.fillStyle = "white";
  context.fillRect(0, 0, drawnWidth, drawnHeight);
  context.drawImage(picture, 0, 0, drawnWidth, drawnHeight);
  const drawn = context.getImageData(0, 0, drawnWidth, drawnHeight).data;
  Object.assign(canvas, { width: 1, height: 1 });
  return codeIn(new Uint8Array(drawn.buffer), drawnWidth, drawnHeight);
}

const canvas = document.createElement("canvas");
const context = canvas.getContext("2d", { willReadFrequently: true });
/** Points that the module looks at. */
const MAX_POINTS = 2_000_000;
const FEWER_POINTS = 500_000;
