// Codes before the camera, a few times a second, until it is stopped or the page is hidden.
//
// Refuses to keep a picture, and to tell a code again that has not been away for three seconds.

import { codeInPicture } from "./pictures.js";

/** A camera that shows itself in `video`, tells `found` of the texts of codes, and `failed` where it had to stop. */
export class Camera {
  #video;
  #found;
  #failed;
  #stream;
  #timer;
  #last;
  #lastSeen = 0;

  constructor(video, found, failed) {
    this.#video = video;
    this.#found = found;
    this.#failed = failed;
  }

  get isOn() {
    return this.#stream !== undefined;
  }

  /** Whether its light can be switched. */
  get hasTorch() {
    return Boolean(this.#track?.getCapabilities?.().torch);
  }

  get #track() {
    return this.#stream?.getVideoTracks()[0];
  }

  async start() {
    const wanted = { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } };
    this.#stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
    this.#video.srcObject = this.#stream;
    this.#video.hidden = false;
    await this.#video.play();
    this.#look();
  }

  stop() {
    clearTimeout(this.#timer);
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#stream = undefined;
    this.#video.srcObject = null;
    this.#video.hidden = true;
    this.forget();
  }

  /** Switches its light. */
  async light(on) {
    await this.#track?.applyConstraints({ advanced: [{ torch: on }] });
  }

  /** Forgets the last code. */
  forget() {
    this.#last = undefined;
  }

  #look() {
    if (!this.isOn) {
      return;
    }
    const { videoWidth, videoHeight } = this.#video;
    try {
      if (videoWidth > 0) {
        this.#seen(codeInPicture(this.#video, videoWidth, videoHeight, MAX_POINTS));
      }
    } catch (thrown) {
      this.stop();
      this.#failed(thrown);
      return;
    }
    this.#timer = setTimeout(() => this.#look(), EVERY_MS);
  }

  #seen(text) {
    if (text === undefined) {
      return;
    }
    const now = performance.now();
    const isNew = text !== this.#last || now - this.#lastSeen > AWAY_MS;
    [this.#last, this.#lastSeen] = [text, now];
    if (isNew) {
      this.#found(text);
    }
  }
}

/** Points of a frame that are looked at. */
const MAX_POINTS = 1_000_000;
const EVERY_MS = 200;
const AWAY_MS = 3000;
