// New bundles from the gateway that this page came from, by GET alone.
//
// Refuses addresses that are not below `/v1/bundle/`, redirects, and answers over their ceilings. What a bundle holds is the
// module's to believe or refuse.

import { failure } from "./words.js";

/** The newest bundle, or what of it follows the one named `has`; nothing where that is the newest. */
export async function newerThan(has) {
  const described = await get("/v1/bundle", MAX_DESCRIBED, 30);
  let newest;
  try {
    newest = JSON.parse(new TextDecoder().decode(described));
  } catch {
    throw failure("upstream_invalid");
  }
  if (has && newest?.name === has) {
    return undefined;
  }
  const rows = Array.isArray(newest?.following) ? newest.following : [];
  const follows = rows.find((row) => has && row?.name === has);
  const url = follows?.url ?? newest?.url;
  if (!isBundle(url)) {
    throw failure("upstream_invalid");
  }
  return get(url, MAX_BUNDLE, 600);
}

/** The bytes of `file`, if they may be a bundle. */
export async function inFile(file) {
  if (file.size > MAX_BUNDLE) {
    throw failure("input_too_large");
  }
  return new Uint8Array(await file.arrayBuffer());
}

/** Whether `url` is that of a bundle, however it is spelled. */
function isBundle(url) {
  if (typeof url !== "string" || !url.startsWith("/v1/bundle/")) {
    return false;
  }
  const resolved = new URL(url, location.origin);
  return resolved.origin === location.origin && resolved.pathname === url;
}

async function get(url, ceiling, seconds) {
  const answer = await fetch(url, {
    cache: "no-store",
    credentials: "omit",
    redirect: "error",
    signal: AbortSignal.timeout(seconds * 1000),
  }).catch(unanswered);
  if (!answer.ok) {
    throw failure("upstream_invalid");
  }
  const reader = answer.body.getReader();
  const parts = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read().catch(unanswered);
    if (done) {
      return new Uint8Array(await new Blob(parts).arrayBuffer());
    }
    parts.push(value);
    length += value.length;
    if (length > ceiling) {
      reader.cancel().catch(() => {});
      throw failure("input_too_large");
    }
  }
}

function unanswered() {
  throw failure("input_output");
}

/** Bytes of what a gateway says of its newest bundle. */
const MAX_DESCRIBED = 64 * 1024;
/** Bytes of a bundle, as the module has it. */
const MAX_BUNDLE = 128 * 1024 * 1024;
