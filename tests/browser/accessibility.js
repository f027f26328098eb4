// What is wrong with the page as it is now: a list of sentences.
() => {
  const problems = [];
  const shown = (element) => element.checkVisibility({ visibilityProperty: true });
  const say = (element, what) => problems.push(`${what}: ${element.outerHTML.slice(0, 120)}`);
  const textOf = (ids) => ids.split(/\s+/).map((id) => document.getElementById(id)?.textContent ?? "").join(" ");
  const nameOf = (element) => (element.getAttribute("aria-label")
    || (element.hasAttribute("aria-labelledby") && textOf(element.getAttribute("aria-labelledby")))
    || [...(element.labels ?? [])].map((label) => label.textContent).join(" ")
    || element.getAttribute("alt") || (/^(A|BUTTON|SUMMARY)$/.test(element.tagName) && element.textContent) || "").trim();

  if (!document.documentElement.lang) problems.push("the document has no language");
  if (!document.title) problems.push("the document has no title");
  for (const [selector, least, most] of [["main", 1, 1], ["h1", 1, 1], ["body > header", 1, 1], ["nav", 1, 9]]) {
    const found = [...document.querySelectorAll(selector)].filter(shown).length;
    if (found < least || found > most) problems.push(`${found} of ${selector}`);
  }
  const navs = [...document.querySelectorAll("nav")].map(nameOf);
  if (new Set(navs).size < navs.length || navs.includes("")) problems.push(`navigations are not told apart: ${navs}`);
  let level = 0;
  for (const heading of [...document.querySelectorAll("h1, h2, h3, h4")].filter(shown)) {
    if (Number(heading.tagName[1]) > level + 1) say(heading, "a heading skips a level");
    level = Number(heading.tagName[1]);
  }
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  for (const id of new Set(ids.filter((one, place) => ids.indexOf(one) < place))) problems.push(`the id ${id} occurs twice`);
  for (const attribute of ["aria-describedby", "aria-labelledby", "for"]) {
    for (const element of document.querySelectorAll(`[${attribute}]`)) {
      for (const id of element.getAttribute(attribute).split(/\s+/)) if (!document.getElementById(id)) say(element, `${attribute} leads nowhere`);
    }
  }
  for (const element of document.querySelectorAll("a[href], button, input, select, textarea, summary, dialog, [tabindex='0'], [role='img'], [role='progressbar']")) {
    if (shown(element) && !nameOf(element)) say(element, "a control without a name");
  }
  for (const image of document.images) if (!image.hasAttribute("alt")) say(image, "a picture without a text");
  for (const list of document.querySelectorAll("ul, ol")) if ([...list.children].some((child) => child.tagName !== "LI")) say(list, "a list holds something else");
  for (const table of document.querySelectorAll("table")) {
    if (!table.caption) say(table, "a table without a caption");
    for (const head of table.querySelectorAll("th")) if (!head.scope || !head.textContent.trim()) say(head, "a table head without scope or text");
  }

  const numbers = (colour) => { const [r, g, b, a = 1] = colour.match(/[\d.]+/g).map(Number); return [r, g, b, a]; };
  const over = (top, under) => [0, 1, 2].map((part) => top[part] * top[3] + under[part] * (1 - top[3])).concat(1);
  const groundOf = (element) => {
    const layers = [];
    for (let one = element; one; one = one.parentElement) layers.push(numbers(getComputedStyle(one).backgroundColor));
    return layers.reverse().reduce((ground, layer) => over(layer, ground), [255, 255, 255, 1]);
  };
  const light = (colour) => {
    const [r, g, b] = colour.map((value) => { const share = value / 255; return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (one, other) => { const [dark, bright] = [light(one), light(other)].sort((a, b) => a - b); return (bright + 0.05) / (dark + 0.05); };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const seen = new Set();
  const check = (element) => {
    if (seen.has(element) || !shown(element) || element.closest(".hidden, .under, .skip, [disabled], noscript, dialog:not([open]), option")) return;
    seen.add(element);
    const style = getComputedStyle(element);
    const ground = groundOf(element);
    const found = ratio(over(numbers(element.closest("svg") ? style.fill : style.color), ground), ground);
    const size = parseFloat(style.fontSize);
    const needed = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
    if (found < needed) say(element, `contrast ${found.toFixed(2)}, ${needed} is needed`);
  };
  while (walker.nextNode()) if (walker.currentNode.textContent.trim()) check(walker.currentNode.parentElement);
  for (const element of document.querySelectorAll("input, select, textarea")) {
    check(element);
    const ground = groundOf(element.parentElement);
    if (!shown(element) || element.disabled || /range|checkbox/.test(element.type) || element.closest(".hidden")) continue;
    if (ratio(over(numbers(getComputedStyle(element).borderTopColor), ground), ground) < 3) say(element, "a border that is hard to see");
  }
  if (document.documentElement.scrollWidth > innerWidth) problems.push(`the page is ${document.documentElement.scrollWidth} px wide in a window of ${innerWidth}`);
  return problems;
}
