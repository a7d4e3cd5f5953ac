// Photos as they are sent: turned upright and no larger than a look at them needs.
const LONGEST_SIDE = 1600;
const QUALITY = 0.9;

/** Draw a picture as a JPEG of a size that a phone's network carries. */
export async function drawn(source: CanvasImageSource, width: number, height: number): Promise<Blob> {
  const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height, 1));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  canvas.getContext("2d")?.drawImage(source, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the picture cannot be drawn"))), "image/jpeg", QUALITY);
  });
}

/** Return a chosen file as it is sent: smaller where this browser can read it, else as it is for the platform to judge. */
export async function shrunk(file: File): Promise<Blob> {
  try {
    const picture = await createImageBitmap(file);
    return await drawn(picture, picture.width, picture.height);
  } catch {
    return file;
  }
}
