// Brightness and gamma of a picture: every value, 0 to 255, gets another one.

/** What each value becomes, as `relit` of tamingseg.data.brightness says. */
export function tonesOf({brightness, gamma}) {
  return Uint8ClampedArray.from({length: 256}, (_, value) => Math.floor(255 * Math.min(1, (brightness * value) / 255) ** (1 / gamma) + 0.5));
}

/** A copy of a picture with other values, as a canvas. */
export function withTones(picture, tones) {
  const copy = Object.assign(document.createElement("canvas"), {width: picture.width, height: picture.height});
  const context = copy.getContext("2d");
  context.drawImage(picture, 0, 0);
  const image = context.getImageData(0, 0, copy.width, copy.height), {data} = image;
  for (let i = 0; i < data.length; i += 4) {
    for (let channel = i; channel < i + 3; channel += 1) data[channel] = tones[data[channel]];
  }
  context.putImageData(image, 0, 0);
  return copy;
}
