/** Text from outside in messages: control characters are shown as `\u….`, so that nothing can be forged with them. */

const characters = '\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ufeff';
const control = new RegExp(`[${characters}\\u0009\\u000a]`, 'g');
const controlInText = new RegExp(`[${characters}]`, 'g');

const shown = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** In a name, which is one line. */
export const printable = (text: string): string => text.replaceAll(control, shown);

/** In a text, which may have several lines and tabs. */
export const printableText = (text: string): string => text.replaceAll('\r\n', '\n').replaceAll(controlInText, shown);
