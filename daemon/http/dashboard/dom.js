// Builds elements. Text goes in as text: nothing here reads HTML, so a name stays a name.

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'on') {
      for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    } else if (name === 'text') {
      node.textContent = value;
    } else {
      node.setAttribute(name, value === true ? '' : String(value));
    }
  }
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined) node.append(child);
  }
  return node;
}

export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
}

export const byId = id => document.getElementById(id);

// Writes only what changed, so that an unchanged page costs no layout.
export function setText(node, text) {
  const wanted = String(text);
  if (node.textContent !== wanted) node.textContent = wanted;
}

export function setAttribute(node, name, value) {
  if (value === null || value === undefined) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
  } else if (node.getAttribute(name) !== String(value)) {
    node.setAttribute(name, String(value));
  }
}

export function setHidden(node, hidden) {
  if (node.hidden !== hidden) node.hidden = hidden;
}

// Makes the children of `parent` those of `items`, in their order. An element lives as long as its
// key, so focus, selection and open details survive a tick.
export function keep(parent, items, keyOf, make, update) {
  const known = parent.keptByKey ?? (parent.keptByKey = new Map());
  const seen = new Set();
  let place = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    if (seen.has(key)) continue;
    seen.add(key);
    let node = known.get(key);
    if (node === undefined) {
      node = make(item);
      known.set(key, node);
    }
    update(node, item);
    if (node === place) {
      place = place.nextElementSibling;
    } else {
      parent.insertBefore(node, place);
    }
  }
  for (const [key, node] of known) {
    if (seen.has(key)) continue;
    node.remove();
    known.delete(key);
  }
}

// A table whose columns are {title, number, html}: its caption is for those who don't see it.
export function table(caption, columns) {
  const body = h('tbody');
  const head =
      h('tr', {},
        columns.map(
            column =>
                h('th',
                  {scope: 'col', class: column.number ? 'n' : column.class, text: column.title})));
  const node =
      h('table', {}, h('caption', {class: 'unseen', text: caption}), h('thead', {}, head), body);
  return {node, wide: wide(caption, node), body, columns};
}

// What is wider than the page scrolls by itself, also with the keyboard.
export function wide(label, node) {
  return h('div', {class: 'wide', role: 'region', 'aria-label': label, tabindex: 0}, node);
}

// Rows of plain cells. The first cell is the row's header. A cell is text or a node.
export function fillRows(kept, rows, keyOf) {
  keep(
      kept.body, rows, keyOf, row => h('tr', {}, row.cells.map((_, i) => {
                                const column = kept.columns[i];
                                const cell = i === 0 ? h('th', {scope: 'row'}) : h('td');
                                if (column.number)
                                  cell.className = 'n';
                                else if (column.class)
                                  cell.className = column.class;
                                return cell;
                              })),
      (node, row) => {
        row.cells.forEach((cell, i) => {
          const place = node.children[i];
          if (cell instanceof Node) {
            if (place.firstChild !== cell) place.replaceChildren(cell);
          } else {
            setText(place, cell);
          }
        });
      });
}
