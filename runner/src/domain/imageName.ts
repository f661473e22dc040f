/** Names of images, as engines read them: `[HOST[:PORT]/]NAME[:TAG][@DIGEST]`, or the id of an image. */

const host = String.raw`(?:localhost|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|[A-Za-z0-9-]+(?=:)|\[[0-9a-fA-F:]+\])(?::\d+)?`;
const part = String.raw`[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*`;
const name = new RegExp(
  String.raw`^(?:${host}/)?${part}(?:/${part})*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@[A-Za-z0-9+._-]+:[0-9a-fA-F]{32,})?$`,
);
const id = /^(?:sha256:)?[0-9a-f]{12,64}$/;

/** Whether an engine could know an image by this name. */
export const isImageName = (text: string): boolean => name.test(text) || id.test(text);
