/** Builds HTML safely: everything that is not markup is escaped. */

/** A piece of HTML. */
export interface Markup {
  readonly markup: string;
}

/** Content of an element; undefined and false add nothing. */
export type HtmlContent = Markup | string | number | undefined | false | readonly HtmlContent[];

/** Attributes of an element; those that are undefined are left out. */
export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** Elements without content and end tag. */
const EMPTY = new Set(["br", "img", "input", "meta"]);

/** Inline elements; the others get a line break after them, for readable source. */
const INLINE = new Set(["a", "b", "br", "code", "small", "strong", "th", "td", "dt", "summary"]);

/**
 * Makes an element. Texts in it and in its attributes are escaped.
 *
 * ```ts
 * import { h } from "./markup.ts";
 *
 * const name = '<i>"5" & more';
 * const { markup } = h("a", { title: name }, "1 < ", h("b", {}, 2));
 * if (markup !== '<a title="&lt;i&gt;&quot;5&quot; &amp; more">1 &lt; <b>2</b></a>') {
 *   throw new Error(markup);
 * }
 * ```
 */
export function h(tag: string, attributes: Attributes, ...content: readonly HtmlContent[]): Markup {
  const begin = Object.entries(attributes).reduce(
    (text, [name, value]) =>
      value === undefined ? text : `${text} ${name}="${escaped(String(value))}"`,
    tag,
  );
  const end = EMPTY.has(tag) ? "" : `${markupOf(content)}</${tag}>`;
  return { markup: `<${begin}>${end}${INLINE.has(tag) ? "" : "\n"}` };
}

/** Text that is already HTML. */
export function raw(markup: string): Markup {
  return { markup };
}

/** Escapes a text for HTML and XML. */
export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;").replaceAll("'", "&#39;");
}

function markupOf(content: HtmlContent): string {
  if (content === undefined || content === false) return "";
  if (typeof content === "string") return escaped(content);
  if (typeof content === "number") return String(content);
  if ("markup" in content) return content.markup;
  return content.map(markupOf).join("");
}
