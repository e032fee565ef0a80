// Finds faults of accessibility in the page as it stands: a list of lines, empty if there are none.
// Names of controls, labels, headings, landmarks, tables, duplicate ids, and contrast as WCAG 2.2
// computes it (1.4.3: 4.5 to 1, 3 to 1 for large text; 1.4.11: 3 to 1 for the edges of controls).
const faults = [];
const shown = node =>
    node.checkVisibility({visibilityProperty: true}) && !node.closest('.unseen, [hidden]');
const tell = node => {
  const id = node.id ? `#${node.id}` :
                       node.className?.baseVal ?? (node.className ? `.${node.className}` : '');
  return `<${node.tagName.toLowerCase()}${id}> "${node.textContent.trim().slice(0, 30)}"`;
};

// ---- names
const textOf = ids => (ids ?? '')
                          .split(/\s+/)
                          .filter(Boolean)
                          .map(id => document.getElementById(id)?.textContent ?? '')
                          .join(' ')
                          .trim();
const nameOf = node => node.getAttribute('aria-label')?.trim() ||
    textOf(node.getAttribute('aria-labelledby')) ||
    [...(node.labels ?? [])].map(label => label.textContent.trim()).join(' ') ||
    (node.matches('button, a, summary') ? node.textContent.trim() : '');
for (const node of document.querySelectorAll(
         'button, a[href], input, select, textarea, summary, ' +
         'dialog[open], [role=region], [role=img], [role=group], canvas, section'))
  if (shown(node) && !nameOf(node)) faults.push(`no name: ${tell(node)}`);
for (const node of document.querySelectorAll('[aria-labelledby], [aria-describedby], label[for]'))
  for (const id of ['aria-labelledby', 'aria-describedby', 'for'].flatMap(
           one => (node.getAttribute(one) ?? '').split(/\s+/)))
    if (id && shown(node) && !document.getElementById(id))
      faults.push(`${tell(node)} names #${id}, which is not there`);
const ids = [...document.querySelectorAll('[id]')].map(node => node.id);
for (const id of ids)
  if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.push(`two have #${id}`);

// ---- order
if (!document.documentElement.lang) faults.push('no language');
if (!document.title) faults.push('no title');
const mains = [...document.querySelectorAll('main')].filter(shown);
if (mains.length !== 1) faults.push(`${mains.length} mains`);
if ([...document.querySelectorAll('h1')].filter(shown).length !== 1) faults.push('not one h1');
const within = document.querySelector('dialog[open]') ?? document;
let before = within === document ? 0 : 1;
for (const node of within.querySelectorAll('h1, h2, h3, h4')) {
  if (!shown(node)) continue;
  const rank = Number(node.tagName[1]);
  if (rank > before + 1) faults.push(`h${rank} after h${before}: ${tell(node)}`);
  if (!node.textContent.trim()) faults.push(`empty heading: ${tell(node)}`);
  before = rank;
}
for (const table of document.querySelectorAll('table')) {
  if (!shown(table)) continue;
  if (!table.caption?.textContent.trim()) faults.push('a table without a caption');
  for (const head of table.querySelectorAll('th'))
    if (!head.scope) faults.push(`th without scope: ${tell(head)}`);
  for (const row of table.tBodies[0].rows)
    if (row.cells[0].tagName !== 'TH') faults.push('a row without a header');
}
for (const list of document.querySelectorAll('ul, ol'))
  for (const child of list.children)
    if (child.tagName !== 'LI') faults.push(`${tell(child)} in a list`);
for (const node of document.querySelectorAll('[tabindex]'))
  if (Number(node.getAttribute('tabindex')) > 0) faults.push(`tabindex: ${tell(node)}`);
for (const node of document.querySelectorAll('button, a[href], select, input')) {
  const box = node.getBoundingClientRect();
  if (shown(node) && box.width > 0 && node.type !== 'checkbox' &&
      (box.height < 23.5 || box.width < 23.5))
    faults.push(`smaller than 24 px (2.5.8): ${tell(node)} ${box.width} x ${box.height}`);
}

// ---- contrast
const parse = text => {
  const [r, g, b, a = 1] = text.match(/[\d.]+/g)?.map(Number) ?? [0, 0, 0, 0];
  return {r, g, b, a};
};
const over = (top, below) => ({
  a: 1,
  r: top.r * top.a + below.r * (1 - top.a),
  g: top.g * top.a + below.g * (1 - top.a),
  b: top.b * top.a + below.b * (1 - top.a)
});
const luminance = ({r, g, b}) => {
  const [x, y, z] =
      [r, g, b].map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  return 0.2126 * x + 0.7152 * y + 0.0722 * z;
};
const ratio = (a, b) => {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
};
const ground = node => {
  let colour = {r: 0, g: 0, b: 0, a: 0};
  const layers = [];
  for (let at = node; at; at = at.parentElement)
    layers.push(parse(getComputedStyle(at).backgroundColor));
  colour = parse(getComputedStyle(document.body).backgroundColor);
  for (const layer of layers.reverse()) colour = over(layer, colour);
  return colour;
};
const clear = node => {
  let opacity = 1;
  for (let at = node; at; at = at.parentElement) opacity *= Number(getComputedStyle(at).opacity);
  return opacity;
};
let texts = 0;
const walker =
    document.createTreeWalker(within === document ? document.body : within, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const node = walker.currentNode.parentElement;
  if (!walker.currentNode.textContent.trim() || !shown(node) || node.closest('option, noscript') ||
      node.closest(':disabled'))
    continue;
  const style = getComputedStyle(node);
  const below = ground(node);
  const ink = parse(node instanceof SVGElement ? style.fill : style.color);
  const size = parseFloat(style.fontSize);
  const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
  const found = ratio(over({...ink, a: ink.a * clear(node)}, below), below);
  ++texts;
  if (found < (large ? 3 : 4.5))
    faults.push(`contrast ${found.toFixed(2)}: ${tell(node)} ${style.color}`);
}
for (const node of within.querySelectorAll('input, select, textarea')) {
  if (!shown(node) || node.type === 'checkbox' || node.disabled) continue;
  const found = ratio(parse(getComputedStyle(node).borderTopColor), ground(node.parentElement));
  if (found < 3) faults.push(`edge ${found.toFixed(2)}: ${tell(node)}`);
}
if (texts < 5) faults.push(`only ${texts} texts were looked at`);
return [...new Set(faults)];
