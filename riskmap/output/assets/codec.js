// Packed data: gzip bytes as base64 text in inert script elements.

function packedBytes(id) {
  const text = atob(document.getElementById(id).textContent.trim());
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

// Give the bytes of a block; browsers without DecompressionStream use the inflate that the page brings along.
async function unpack(id) {
  const zipped = packedBytes(id);
  if (typeof DecompressionStream !== "function") return fflate.gunzipSync(zipped);
  const stream = new Blob([zipped]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function unpackJson(id) {
  return JSON.parse(new TextDecoder("utf-8").decode(await unpack(id)));
}
