// As many short tones as a colour has bells.

const TONES = { green: 1, yellow: 2, red: 3, black: 4 };

let context;

/** Lets the page sound: browsers want a touch or a key before. */
export function wake() {
  context ??= new AudioContext();
  if (context.state === "suspended") {
    context.resume().catch(() => {});
  }
}

/** Sounds `colour`, where the page may. */
export function sound(colour) {
  if (context?.state !== "running") {
    return;
  }
  for (let tone = 0; tone < TONES[colour]; tone += 1) {
    const from = context.currentTime + tone * (TONE_S + PAUSE_S);
    const oscillator = new OscillatorNode(context, { frequency: colour === "green" ? 1175 : 587 });
    const gain = new GainNode(context, { gain: 0 });
    // No step in the loudness, which would crackle.
    gain.gain.setValueAtTime(0, from);
    gain.gain.linearRampToValueAtTime(0.6, from + 0.01);
    gain.gain.setValueAtTime(0.6, from + TONE_S - 0.02);
    gain.gain.linearRampToValueAtTime(0, from + TONE_S);
    oscillator.connect(gain).connect(context.destination);
    oscillator.start(from);
    oscillator.stop(from + TONE_S);
  }
}

const TONE_S = 0.14;
const PAUSE_S = 0.1;
