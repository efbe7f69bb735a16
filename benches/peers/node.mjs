// QR text to JSON in JavaScript, over the texts of `pipeline --export`: composed of the runtime's own crypto and zlib with
// npm base45 and cbor-x, and the verifiers on npm, dcc-utils and @pathcheck/dcc-sdk, where they are installed.
//
// Refuses to look for a signer anywhere but in the given keys. Keys are loaded once and kept where the verifier lets us.
//
// node.mjs FILE MODULES VERIFIER: for every line `FROM TO` on standard input the texts with these numbers, answered by a
// line; VERIFIER is `composed`, `dcc-utils` or `dcc-sdk`.

import { createPublicKey, verify as verifySignature } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { inflateSync } from 'node:zlib';

const ES256 = -7;
const SKEW_S = 300;
const [file, modules, name] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const { texts, keys } = JSON.parse(readFileSync(file, 'utf8'));
// What a verifier prints by the way would be timed, too, and stand between the answers.
console.log = () => {};
console.warn = () => {};

/** The verifiers: each gives whether it accepts a text at an instant. */
const verifiers = {
  composed: ['node: crypto, base45, cbor-x', composed],
  'dcc-utils': ['npm dcc-utils 0.4.0, list of keys', dccUtils],
  'dcc-sdk': ['npm @pathcheck/dcc-sdk 0.0.27', pathcheck],
};
const [row, make] = verifiers[name];
const verify = make();

let accepted = 0;
for (const { text, at } of texts) accepted += (await verify(text, at)) ? 1 : 0;
say(JSON.stringify({ row, accepted }));
for await (const line of createInterface({ input: process.stdin })) {
  const [from, to] = line.split(' ').map(Number);
  for (let number = from; number < to; number += 1) {
    const { text, at } = texts[number % texts.length];
    await verify(text, at);
  }
  say('done');
}

function say(line) {
  process.stdout.write(`${line}\n`);
}

function composed() {
  const base45 = require('base45');
  const { Decoder, Encoder } = require('cbor-x');
  const decoder = new Decoder({ mapsAsObjects: false });
  const encoder = new Encoder({ tagUint8Array: false });
  const known = new Map(keys.map(({ kid, spki }) => [
    kid,
    { key: createPublicKey({ key: Buffer.from(spki, 'base64'), format: 'der', type: 'spki' }), dsaEncoding: 'ieee-p1363' },
  ]));
  return (text, at) => {
    if (!text.startsWith('HC1:')) return null;
    const message = decoder.decode(inflateSync(base45.decode(text.slice(4))));
    const [head, unprotected, payload, signature] = message.value ?? message;
    const header = head.length > 0 ? decoder.decode(head) : new Map();
    if ((header.get(1) ?? unprotected.get(1)) !== ES256) return null;
    const key = known.get(Buffer.from(header.get(4) ?? unprotected.get(4)).toString('base64'));
    if (key === undefined) return null;
    const signed = encoder.encode(['Signature1', head, Buffer.alloc(0), payload]);
    if (!verifySignature('sha256', signed, key, signature)) return null;
    const claims = decoder.decode(payload);
    if (at > Number(claims.get(4)) || at + SKEW_S < Number(claims.get(6))) return null;
    return JSON.stringify(claims.get(-260).get(1), plain);
  };
}

/** Maps as JSON objects. */
function plain(_, value) {
  return value instanceof Map ? Object.fromEntries(value) : value;
}

function dccUtils() {
  const { DCC } = require('dcc-utils');
  const publicKeyAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: { name: 'SHA-256' } };
  const known = Object.fromEntries(keys.map(({ kid, spki }) => [kid, { publicKeyPem: spki, publicKeyAlgorithm }]));
  return async (text) => {
    try {
      const dcc = await DCC.fromRaw(text);
      return (await dcc.checkSignatureWithKeysList(known)) && JSON.stringify(dcc.payload);
    } catch {
      return null;
    }
  };
}

function pathcheck() {
  // Its own loader cannot parse the current release of this package, so it finds it loaded.
  require('@peculiar/webcrypto');
  const { addCachedKeys, unpackAndVerify } = require('@pathcheck/dcc-sdk');
  // A signer that is not here would be looked for on the network.
  addCachedKeys(Object.fromEntries(keys.map(({ kid, spki }) => [kid, spki])));
  return async (text) => {
    const { status, contents } = await unpackAndVerify(text);
    return status === 'verified' && JSON.stringify(contents, plain);
  };
}
