'use strict';
(async () => {
  const byId = (id) => document.getElementById(id);
  if (!byId('columns') || typeof DecompressionStream === 'undefined') return;
  const unpack = async (id) => {
    const bytes = Uint8Array.from(atob(byId(id).textContent), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
    byId(id).remove();
    return new Response(stream).arrayBuffer();
  };
  const data = JSON.parse(new TextDecoder().decode(await unpack('columns')));
  const crystalBytes = new DataView(await unpack('structures'));
  const count = data.id.length;
  const pageSize = 25;

  // Elements and their children: texts are never read as markup.
  const make = (name, attributes, ...children) => {
    const element = document.createElement(name);
    for (const key in attributes) if (attributes[key] !== null) element.setAttribute(key, attributes[key]);
    element.append(...children.filter((child) => child !== null));
    return element;
  };
  const draw = (name, attributes, ...children) => {
    const element = document.createElementNS('http://www.w3.org/2000/svg', name);
    for (const key in attributes) element.setAttribute(key, attributes[key]);
    element.append(...children);
    return element;
  };
  const number = (value, places = 4) =>
    value === null || value === undefined ? '' : value.toFixed(places).replace('-', '\u2212');
  const formula = (text) => {
    const part = make('span', {});
    for (const run of text.match(/[\d.]+|[^\d.]+/g) || []) part.append(/[\d.]/.test(run) ? make('sub', {}, run) : run);
    return part;
  };
  const elements = data.formula.map((text) => new Set(text.match(/[A-Z][a-z]?/g) || []));

  // What is shown, as the address holds it.
  const initial = { m: '0', show: 'all', bound: '', q: '', need: '', not: '', sort: 'value', down: '', page: '1', open: '' };
  const state = { ...initial };
  const read = () => {
    Object.assign(state, initial);
    for (const [key, value] of new URLSearchParams(location.hash.slice(1))) if (key in initial) state[key] = value;
    if (!data.predictions[Number(state.m)]) state.m = '0';
    const shows = Array.from(byId('show').options, (option) => option.value);
    if (!shows.includes(state.show)) state.show = 'all';
  };
  const write = () => {
    const changed = new URLSearchParams();
    for (const key in initial) if (state[key] !== initial[key]) changed.set(key, state[key]);
    const text = changed.toString();
    history.replaceState(null, '', text ? '#' + text : location.pathname + location.search);
  };

  const hullModels = data.models.map((model, index) => index).filter((index) => data.models[index].hull);
  const value = (model, row) => data.predictions[model].value[row];
  const isStable = (model, row) => {
    const distance = value(model, row);
    return distance !== null && distance <= data.threshold;
  };
  const shows = {
    all: () => true,
    stable: (row, model) => isStable(model, row),
    credible: (row, model) => isStable(model, row) && data.predictions[model].flags[row] === null,
    agree: (row) => hullModels.every((model) => isStable(model, row)),
    disagree: (row) => hullModels.some((model) => isStable(model, row)) && !hullModels.every((model) => isStable(model, row)),
    missed: (row, model) => data.known[row] !== null && data.known[row] <= data.threshold && !isStable(model, row),
    false: (row, model) => data.known[row] !== null && data.known[row] > data.threshold && isStable(model, row),
  };
  const symbols = (text) => text.match(/[A-Z][a-z]?/g) || [];
  const bound = () => (state.bound.trim() === '' ? NaN : Number(state.bound.replace(',', '.').replace('\u2212', '-')));

  // The columns: heading, what they are sorted by, what they show, whether they are numbers.
  const hasKnown = data.known.some((known) => known !== null);
  const hasOdds = (model) => data.predictions[model].p.some((p) => p !== null);
  const columns = (model) => {
    const hull = data.models[model].hull;
    const own = data.predictions[model];
    const list = [
      { key: 'rank', title: '#', by: (row) => own.rank[row], text: (row) => (own.rank[row] === null ? '' : String(own.rank[row])), n: true },
      { key: 'formula', title: 'Formula', by: (row) => data.formula[row], n: false },
      { key: 'id', title: 'Id', by: (row) => data.id[row], text: (row) => data.id[row], n: false },
      {
        key: 'value', title: hull ? 'E above hull, eV/atom' : data.models[model].name,
        by: (row) => own.value[row], text: (row) => number(own.value[row]), n: true,
      },
      { key: 'spread', title: '\u00b1', by: (row) => own.spread[row], text: (row) => number(own.spread[row]), n: true },
    ];
    if (hasOdds(model)) list.push({ key: 'p', title: 'P(stable)', by: (row) => own.p[row], text: (row) => number(own.p[row], 3), n: true });
    if (hull) list.push({ key: 'energy', title: 'Formation energy', by: (row) => own.energy[row], text: (row) => number(own.energy[row]), n: true });
    data.models.forEach((other, index) => {
      if (index === model) return;
      list.push({
        key: 'other' + index, title: 'by ' + other.name, by: (row) => value(index, row), text: (row) => number(value(index, row)), n: true,
      });
    });
    if (hasKnown) list.push({ key: 'known', title: 'Known', by: (row) => data.known[row], text: (row) => number(data.known[row]), n: true });
    list.push({ key: 'sites', title: 'Sites', by: (row) => data.sites[row], text: (row) => String(data.sites[row]), n: true });
    if (hull && own.flags.some((flag) => flag !== null)) {
      list.push({
        key: 'flags', title: 'Flags', by: (row) => own.flags[row], text: (row) => (own.flags[row] === null ? '' : data.flags[own.flags[row]]), n: false,
      });
    }
    return list;
  };

  let rows = [];
  const select = () => {
    const model = Number(state.m);
    const limit = bound();
    const need = symbols(state.need);
    const without = symbols(state.not);
    const query = state.q.trim().toLowerCase();
    const shown = shows[state.show];
    const hull = data.models[model].hull;
    rows = [];
    for (let row = 0; row < count; row += 1) {
      if (!shown(row, model)) continue;
      const own = value(model, row);
      if (!Number.isNaN(limit) && (own === null || (hull ? own > limit : own < limit))) continue;
      if (query && !data.id[row].toLowerCase().includes(query) && !data.formula[row].toLowerCase().includes(query)) continue;
      if (!need.every((symbol) => elements[row].has(symbol))) continue;
      if (without.some((symbol) => elements[row].has(symbol))) continue;
      rows.push(row);
    }
    const column = columns(model).find((entry) => entry.key === state.sort) || columns(model)[3];
    // Scores are ranked with the largest first.
    const turn = (state.down !== '') !== (column.key === 'value' && !hull) ? -1 : 1;
    const keys = new Map(rows.map((row) => [row, column.by(row)]));
    const rank = data.predictions[model].rank;
    rows.sort((a, b) => {
      const [x, y] = [keys.get(a), keys.get(b)];
      if (x !== y) {
        if (x === null) return 1;
        if (y === null) return -1;
        return (x < y ? -1 : 1) * turn;
      }
      return (rank[a] === null ? Infinity : rank[a]) - (rank[b] === null ? Infinity : rank[b]) || a - b;
    });
  };

  // Crystals.
  const crystalPlaces = new Map();
  {
    let offset = 0;
    for (const row of data.structures) {
      crystalPlaces.set(row, offset);
      offset += 2 + 36 + crystalBytes.getUint16(offset, true) * 13;
    }
  }
  const crystal = (row) => {
    let offset = crystalPlaces.get(row);
    if (offset === undefined) return null;
    const sites = crystalBytes.getUint16(offset, true);
    offset += 2;
    const float = () => {
      const result = crystalBytes.getFloat32(offset, true);
      offset += 4;
      return result;
    };
    const triple = () => [float(), float(), float()];
    const lattice = [triple(), triple(), triple()];
    const species = Array.from({ length: sites }, () => data.symbols[crystalBytes.getUint8(offset++) - 1]);
    return { lattice, species, positions: species.map(triple) };
  };
  const cartesian = (lattice, position) =>
    [0, 1, 2].map((axis) => position[0] * lattice[0][axis] + position[1] * lattice[1][axis] + position[2] * lattice[2][axis]);
  const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  const decimals = (value) => value.toFixed(7);
  const cifText = (row, it) => {
    const length = it.lattice.map((vector) => Math.sqrt(dot(vector, vector)));
    const angle = (i, j) => (Math.acos(dot(it.lattice[i], it.lattice[j]) / (length[i] * length[j])) * 180) / Math.PI;
    const lines = [
      'data_' + data.id[row].replace(/[^A-Za-z0-9_.+-]/g, '_'),
      ...['a', 'b', 'c'].map((name, axis) => '_cell_length_' + name + ' ' + decimals(length[axis])),
      '_cell_angle_alpha ' + decimals(angle(1, 2)), '_cell_angle_beta ' + decimals(angle(0, 2)),
      '_cell_angle_gamma ' + decimals(angle(0, 1)), "_symmetry_space_group_name_H-M 'P 1'", 'loop_', '_symmetry_equiv_pos_as_xyz',
      "'x, y, z'", 'loop_', '_atom_site_label', '_atom_site_type_symbol', '_atom_site_fract_x', '_atom_site_fract_y', '_atom_site_fract_z',
      ...it.species.map((symbol, site) => [symbol + (site + 1), symbol, ...it.positions[site].map(decimals)].join(' ')),
    ];
    return lines.join('\n') + '\n';
  };
  const poscarText = (row, it) => {
    const order = [...new Set(it.species)];
    const lines = [
      (data.id[row] + ' ' + data.formula[row]).replace(/[\r\n]/g, ' '), '1.0', ...it.lattice.map((vector) => vector.map(decimals).join(' ')),
      order.join(' '), order.map((symbol) => it.species.filter((other) => other === symbol).length).join(' '), 'Direct',
    ];
    for (const symbol of order) {
      it.species.forEach((other, site) => {
        if (other === symbol) lines.push(it.positions[site].map(decimals).join(' '));
      });
    }
    return lines.join('\n') + '\n';
  };
  const save = (name, text, type) => {
    const link = make('a', { href: URL.createObjectURL(new Blob([text], { type })), download: name.replace(/[^A-Za-z0-9_.+-]/g, '_') });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };

  // A picture of the cell, turned by arrow keys or by dragging.
  const picture = (row, it) => {
    const size = 300;
    const kinds = [...new Set(it.species)];
    const atoms = [];
    it.species.forEach((symbol, site) => {
      // Atoms on a face, an edge or a corner are shown at every one of their places in the cell.
      const images = it.positions[site].map((x) => {
        const inside = x - Math.floor(x);
        return inside < 0.02 ? [inside, inside + 1] : inside > 0.98 ? [inside - 1, inside] : [inside];
      });
      for (const x of images[0]) for (const y of images[1]) for (const z of images[2]) atoms.push({ symbol, at: cartesian(it.lattice, [x, y, z]) });
    });
    const corners = [];
    for (let corner = 0; corner < 8; corner += 1) corners.push(cartesian(it.lattice, [corner & 1, (corner >> 1) & 1, corner >> 2]));
    const center = cartesian(it.lattice, [0.5, 0.5, 0.5]);
    const reach = Math.max(...corners.map((corner) => Math.hypot(...corner.map((x, axis) => x - center[axis]))));
    const scale = (size / 2 - 22) / reach;
    const view = draw('svg', {
      class: 'crystal', viewBox: '0 0 300 300', width: size, height: size, tabindex: '0', role: 'img',
      'aria-label': 'Unit cell of ' + data.formula[row] + '; arrow keys turn it',
    });
    let [turn, tilt] = [0.5, 0.35];
    const project = (point) => {
      const [x, y, z] = point.map((value, axis) => value - center[axis]);
      const [u, v] = [x * Math.cos(turn) - y * Math.sin(turn), x * Math.sin(turn) + y * Math.cos(turn)];
      return { x: size / 2 + u * scale, y: size / 2 - (z * Math.cos(tilt) - v * Math.sin(tilt)) * scale, depth: -(v * Math.cos(tilt) + z * Math.sin(tilt)) };
    };
    const render = () => {
      view.replaceChildren();
      const ends = corners.map(project);
      for (let from = 0; from < 8; from += 1) {
        for (const bit of [1, 2, 4]) {
          if (from & bit) continue;
          const [a, b] = [ends[from], ends[from | bit]];
          view.append(draw('line', { x1: a.x, y1: a.y, x2: b.x, y2: b.y, stroke: 'var(--note)' }));
        }
      }
      const radius = Math.min(13, Math.max(3, scale * 0.45));
      const placed = atoms.map((atom) => ({ ...project(atom.at), symbol: atom.symbol })).sort((a, b) => a.depth - b.depth);
      for (const atom of placed) {
        view.append(
          draw('circle', { cx: atom.x, cy: atom.y, r: radius, fill: 'var(--series-' + (kinds.indexOf(atom.symbol) % 6) + ')', stroke: 'var(--paper)' }, draw('title', {}, atom.symbol)));
      }
      kinds.slice(0, 12).forEach((symbol, index) => {
        view.append(
          draw('circle', { cx: 10, cy: 12 + 16 * index, r: 5, fill: 'var(--series-' + (index % 6) + ')' }),
          draw('text', { x: 20, y: 16 + 16 * index, fill: 'var(--ink)', 'font-size': 12 }, symbol));
      });
    };
    const move = (dx, dy) => {
      turn += dx;
      tilt += dy;
      render();
    };
    view.addEventListener('keydown', (event) => {
      const step = { ArrowLeft: [-0.15, 0], ArrowRight: [0.15, 0], ArrowUp: [0, 0.15], ArrowDown: [0, -0.15] }[event.key];
      if (!step) return;
      event.preventDefault();
      move(...step);
    });
    let last = null;
    view.addEventListener('pointerdown', (event) => {
      last = [event.clientX, event.clientY];
      view.setPointerCapture(event.pointerId);
    });
    view.addEventListener('pointermove', (event) => {
      if (!last) return;
      move((event.clientX - last[0]) / 100, (event.clientY - last[1]) / 100);
      last = [event.clientX, event.clientY];
    });
    for (const name of ['pointerup', 'pointercancel']) view.addEventListener(name, () => { last = null; });
    render();
    return view;
  };

  // The card of a candidate.
  const sameComposition = (row) => {
    const others = [];
    for (let other = 0; other < count && others.length < 8; other += 1) {
      if (other !== row && data.formula[other] === data.formula[row]) others.push(data.id[other]);
    }
    return others.join(', ');
  };
  const card = (row, width) => {
    const it = crystal(row);
    const head = ['Model', 'Rank', 'Above hull', 'Without own', 'Formation', '\u00b1', 'P(stable)', 'Members'];
    const body = data.models.map((model, index) => {
      const own = data.predictions[index];
      const members = (own.members[row] || []).map((member) => number(member)).join(', ');
      const cells = [
        model.name, own.rank[row] === null ? 'no prediction' : String(own.rank[row]), number(own.value[row]), number(own.own[row]),
        number(own.energy[row]), number(own.spread[row]), number(own.p[row], 3), members,
      ];
      return make('tr', {}, ...cells.map((text, column) => make('td', { class: column ? 'n' : null }, text)));
    });
    const facts = make('dl', {});
    const fact = (name, text) => { if (text) facts.append(make('dt', {}, name), make('dd', {}, text)); };
    data.models.forEach((model, index) => {
      const own = data.predictions[index];
      if (own.phases[row] !== null) fact('Competes with (' + model.name + ')', data.phases[own.phases[row]]);
      if (own.flags[row] !== null) fact('Flags (' + model.name + ')', data.flags[own.flags[row]]);
    });
    fact('Known', data.known[row] === null ? '' : number(data.known[row]) + ' eV/atom above hull');
    fact('Cell', data.sites[row] + ' sites, ' + number(data.volume[row], 2) + ' \u00c5\u00b3');
    fact('Source', data.sources[data.source[row]] + ', record ' + data.record[row]);
    for (const note of data.note[row]) fact('Note', data.notes[note]);
    fact('Same composition', sameComposition(row));
    fact('In a terminal', data.show + ' ' + data.source[row] + ':' + data.record[row]);
    const actions = make('div', { class: 'actions' });
    const action = (text, body) => {
      const button = make('button', { type: 'button' }, text);
      button.addEventListener('click', body);
      actions.append(button);
    };
    if (it) {
      action('Save CIF', () => save(data.id[row] + '.cif', cifText(row, it), 'chemical/x-cif'));
      action('Save POSCAR', () => save(data.id[row] + '.vasp', poscarText(row, it), 'text/plain'));
    }
    const table = make('table', {}, make('thead', {}, make('tr', {}, ...head.map((text, column) => make('th', { scope: 'col', class: column ? 'n' : null }, text)))), make('tbody', {}, ...body));
    const left = make('div', {}, it ? picture(row, it) : make('p', { class: 'note' }, 'The page holds no crystal of this candidate; the command below prints it.'), actions);
    const right = make('div', {}, make('div', { class: 'wide', tabindex: '0' }, table), facts);
    return make('tr', { class: 'card' }, make('td', { colspan: String(width) }, make('div', { class: 'inside' }, left, right)));
  };

  // The table.
  const table = byId('rows');
  const render = () => {
    const model = Number(state.m);
    const list = columns(model);
    const pages = Math.max(1, Math.ceil(rows.length / pageSize));
    const page = Math.min(pages, Math.max(1, Math.floor(Number(state.page)) || 1));
    const heads = list.map((column) => {
      const sorted = state.sort === column.key;
      const arrow = sorted ? (state.down ? ' \u25bc' : ' \u25b2') : '';
      const button = make('button', { type: 'button', 'data-sort': column.key }, column.title + arrow);
      return make('th', { scope: 'col', class: column.n ? 'n' : null, 'aria-sort': sorted ? (state.down ? 'descending' : 'ascending') : null }, button);
    });
    table.tHead.replaceChildren(make('tr', {}, ...heads));
    const body = [];
    for (const row of rows.slice((page - 1) * pageSize, page * pageSize)) {
      const key = data.source[row] + ':' + data.record[row];
      const open = state.open === key;
      const flagged = data.predictions[model].flags[row] !== null;
      const stable = data.models[model].hull && isStable(model, row);
      const cells = list.map((column) => {
        if (column.key === 'id') return make('td', { class: 'id', title: data.id[row] }, data.id[row]);
        if (column.key !== 'formula') return make('td', { class: column.n ? 'n' : null }, column.text(row));
        const button = make('button', { type: 'button', class: 'open', 'data-key': key, 'aria-expanded': String(open) }, open ? '\u25be ' : '\u25b8 ', formula(data.formula[row]));
        return make('td', {}, button);
      });
      body.push(make('tr', { class: stable ? (flagged ? 'doubt' : 'good') : null }, ...cells));
      if (open) body.push(card(row, list.length));
    }
    table.tBodies[0].replaceChildren(...body);
    byId('matches').textContent = rows.length + ' of ' + count + ' candidates' + (count < data.total ? ' of the page' : '') + ' match.';
    byId('page').textContent = 'page ' + page + ' of ' + pages;
    byId('previous').disabled = page <= 1;
    byId('next').disabled = page >= pages;
  };
  const showControls = () => {
    byId('model').value = state.m;
    byId('show').value = state.show;
    for (const [id, key] of [['bound', 'bound'], ['query', 'q'], ['need', 'need'], ['without', 'not']]) {
      if (byId(id).value !== state[key]) byId(id).value = state[key];
    }
    const need = new Set(symbols(state.need));
    const without = new Set(symbols(state.not));
    for (const field of document.querySelectorAll('[data-element]')) {
      const symbol = field.getAttribute('data-element');
      field.classList.toggle('need', need.has(symbol));
      field.classList.toggle('not', without.has(symbol));
    }
  };
  const update = (changes) => {
    Object.assign(state, changes);
    write();
    select();
    showControls();
    render();
  };

  table.addEventListener('click', (event) => {
    const sort = event.target.closest('[data-sort]');
    if (sort) {
      const key = sort.getAttribute('data-sort');
      update({ sort: key, down: state.sort === key && !state.down ? '1' : '', page: '1' });
      table.querySelector('[data-sort="' + key + '"]').focus();
      return;
    }
    const open = event.target.closest('[data-key]');
    if (!open) return;
    const key = open.getAttribute('data-key');
    update({ open: state.open === key ? '' : key });
    table.querySelector('[data-key="' + key + '"]').focus();
  });
  byId('controls').addEventListener('submit', (event) => event.preventDefault());
  for (const [id, key] of [['model', 'm'], ['show', 'show'], ['bound', 'bound'], ['query', 'q'], ['need', 'need'], ['without', 'not']]) {
    byId(id).addEventListener('input', () => update({ [key]: byId(id).value, page: '1' }));
  }
  const turnPage = (step) => {
    const pages = Math.max(1, Math.ceil(rows.length / pageSize));
    update({ page: String(Math.min(pages, Math.max(1, (Math.floor(Number(state.page)) || 1) + step))) });
  };
  byId('previous').addEventListener('click', () => turnPage(-1));
  byId('next').addEventListener('click', () => turnPage(1));
  byId('csv').addEventListener('click', () => {
    const list = columns(Number(state.m));
    const field = (text) => {
      const guarded = /^[=+\-@\t\r]/.test(text) && !/^-?[\d.]+$/.test(text) ? "'" + text : text;
      return /[",\n\r]/.test(guarded) ? '"' + guarded.replace(/"/g, '""') + '"' : guarded;
    };
    const plain = (column, row) => (column.key === 'formula' ? data.formula[row] : column.text(row).replace('\u2212', '-'));
    const lines = [list.map((column) => field(column.title)).join(',')];
    for (const row of rows) lines.push(list.map((column) => field(plain(column, row))).join(','));
    save('candidates.csv', lines.join('\n') + '\n', 'text/csv');
  });
  // A field of the periodic table requires its element, then excludes it, then lets it be.
  for (const field of document.querySelectorAll('button[data-element]')) {
    field.addEventListener('click', () => {
      const symbol = field.getAttribute('data-element');
      const need = symbols(state.need);
      const without = symbols(state.not);
      const remove = (list) => list.filter((other) => other !== symbol).join(' ');
      if (need.includes(symbol)) update({ need: remove(need), not: [...without, symbol].join(' '), page: '1' });
      else if (without.includes(symbol)) update({ not: remove(without), page: '1' });
      else update({ need: [...need, symbol].join(' '), page: '1' });
    });
  }
  window.addEventListener('hashchange', () => {
    // The links of the contents are addresses, too, and change nothing of the list.
    if (location.hash.length > 1 && !location.hash.includes('=')) return;
    read();
    select();
    showControls();
    render();
  });
  if (location.hash.includes('=')) read();
  select();
  byId('controls').hidden = false;
  document.querySelector('nav.pages').hidden = false;
  showControls();
  render();
  document.documentElement.setAttribute('data-ready', '');
})();
