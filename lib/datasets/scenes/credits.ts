/**
 * The authors of the artwork and its licences. The pictures of a scenes data set contain changed
 * artwork (resized, rotated, recoloured, composed), so these lines accompany them.
 *
 * @module
 */

/** A set of artwork. */
export interface Credit {
  readonly title: string;
  readonly author: string;
  /** Package on npm that it was taken from. */
  readonly package: string;
  readonly license: string;
  /** SPDX identifier. */
  readonly spdx: string;
  /** Where the licence's text can be read. */
  readonly terms: string;
}

/** The sets in the order in which scenes use them. */
export const ARTWORK: readonly Credit[] = [
  {
    title: "Noto Emoji",
    author: "Google Inc.",
    package: "@iconify-json/noto",
    license: "Apache License 2.0",
    spdx: "Apache-2.0",
    terms: "https://www.apache.org/licenses/LICENSE-2.0",
  },
  {
    title: "Noto Emoji (v1)",
    author: "Google Inc.",
    package: "@iconify-json/noto-v1",
    license: "Apache License 2.0",
    spdx: "Apache-2.0",
    terms: "https://www.apache.org/licenses/LICENSE-2.0",
  },
  {
    title: "Fluent Emoji Flat",
    author: "Microsoft Corporation",
    package: "@iconify-json/fluent-emoji-flat",
    license: "MIT License",
    spdx: "MIT",
    terms: "https://spdx.org/licenses/MIT.html",
  },
  {
    title: "Twemoji",
    author: "Twitter, Inc. and other contributors",
    package: "@iconify-json/twemoji",
    license: "Creative Commons Attribution 4.0 International",
    spdx: "CC-BY-4.0",
    terms: "https://creativecommons.org/licenses/by/4.0/",
  },
  {
    title: "OpenMoji",
    author: "OpenMoji, the open-source emoji and icon project of HfG Schwäbisch Gmünd",
    package: "@iconify-json/openmoji",
    license: "Creative Commons Attribution-ShareAlike 4.0 International",
    spdx: "CC-BY-SA-4.0",
    terms: "https://creativecommons.org/licenses/by-sa/4.0/",
  },
  {
    title: "Emoji One (EmojiTwo)",
    author: "Emoji One and the EmojiTwo community",
    package: "@iconify-json/emojione",
    license: "Creative Commons Attribution 4.0 International",
    spdx: "CC-BY-4.0",
    terms: "https://creativecommons.org/licenses/by/4.0/",
  },
];

/** The text that is stored beside the pictures, in lines of at most 80 characters. */
export const CREDITS = `These pictures were composed by verydeep from openly licensed artwork.
Drawings were resized, turned, sheared, mirrored, recoloured and pasted onto
made backgrounds.

${
  ARTWORK.map(({ title, author, license, spdx, terms, package: npm }) =>
    `${title}, from the npm package ${npm}\n  by ${author}\n  ${license} (${spdx})\n  ${terms}\n`
  ).join("\n")
}
Pictures with OpenMoji artwork may be passed on under CC-BY-SA-4.0 only; with
the others, under their own terms. This file must accompany the pictures.
`;
