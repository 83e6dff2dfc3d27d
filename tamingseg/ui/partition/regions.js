// Regions: the superpixels of a photo, called cells, joined to any number of regions at once.
// A region is a node of a tree: a cell, or two regions joined, {first, second}, the larger first.
// `order` says when it was joined; what is joined last falls apart first. A partition is a list of
// nodes that hold every cell once. Nothing is changed in place, so old partitions stay valid.

import {KINDS} from "../shared/labels.js";

export class Regions {
  /**
   * `cells`: number of the cell of every pixel, from 0, column by column; `merges`: [node, node] for
   * every step of the hierarchy, as in tamingseg.partition.hierarchy.
   */
  constructor(height, width, cells, merges) {
    Object.assign(this, {height, width, cells, count: merges.length + 1});
    this.leaves = Array.from({length: this.count}, (_, cell) => ({cell, order: -1, area: 0}));
    for (const cell of cells) this.leaves[cell].area += 1;
    const nodes = [...this.leaves], parents = new Uint32Array(2 * this.count);
    merges.forEach(([a, b], order) => {
      parents[a] = parents[b] = nodes.length;
      nodes.push(this.join(nodes[a], nodes[b], order));
    });
    this.root = nodes.at(-1);
    this.edges = this.findEdges(parents);
    this.mix();
  }

  /** Pairs of cells that touch, [cell, cell, order of the merge that joins them], first ones first. */
  findEdges(parents) {
    const {cells, height, count} = this, {length} = cells, found = new Set();
    const meet = (a, b) => a !== b && found.add(Math.min(a, b) * count + Math.max(a, b));
    for (let i = 0; i < length; i += 1) {
      if ((i + 1) % height) meet(cells[i], cells[i + 1]);
      if (i + height < length) meet(cells[i], cells[i + height]);
    }
    return [...found].map(key => {
      const pair = [Math.floor(key / count), key % count];
      let [a, b] = pair;
      while (a !== b) if (a < b) a = parents[a]; else b = parents[b]; // parents have larger numbers
      return [...pair, a - count];
    }).sort((one, other) => one[2] - other[2]);
  }

  /**
   * Choose colours from the root down: of the two parts of a region the larger keeps its colour, the
   * smaller gets one that nothing around it has. So a colour stays when other regions are divided.
   */
  mix() {
    const around = this.leaves.map(() => []), colours = new Uint8Array(this.count);
    for (const [a, b] of this.edges) {
      around[a].push(b);
      around[b].push(a);
    }
    const parts = [this.root];
    this.root.colour = 0;
    while (parts.length < this.count) {
      const [first, second] = this.divide(parts);
      const inside = this.cellsOf(second), taken = new Set();
      for (const cell of inside) for (const other of around[cell]) taken.add(colours[other]);
      const kinds = Array.from({length: KINDS}, (_, i) => (parts.length + i) % 7 + 7 * Math.floor(i / 7));
      first.colour = colours[this.cellsOf(first)[0]]; // still that of both
      second.colour = kinds.find(kind => !taken.has(kind)) ?? kinds[0];
      for (const cell of inside) colours[cell] = second.colour;
    }
  }

  join(a, b, order) {
    const [first, second] = a.area >= b.area ? [a, b] : [b, a];
    return {first, second, order, area: a.area + b.area, colour: first.colour};
  }

  /** Divide the region that was joined last, in the list itself; returns its parts. */
  divide(parts) {
    let last = 0;
    for (let i = 1; i < parts.length; i += 1) if (parts[i].order > parts[last].order) last = i;
    const {first, second} = parts[last];
    parts[last] = first;
    parts.push(second);
    return [first, second];
  }

  /** The partition with `count` regions that comes from `parts` by dividing or joining regions. */
  cut(parts, count) {
    if (count < parts.length) return this.joinUntil(parts, count);
    const finer = [...parts];
    while (finer.length < count) this.divide(finer);
    return finer;
  }

  /** Join neighbours in the order of the hierarchy until `count` regions are left. */
  joinUntil(parts, count) {
    const place = this.assign(parts), nodes = [...parts], groups = parts.map((_, i) => i);
    const group = i => {
      while (groups[i] !== i) i = groups[i] = groups[groups[i]];
      return i;
    };
    let left = parts.length;
    for (const [a, b, order] of this.edges) {
      if (left === count) break;
      const [one, other] = [group(place[a]), group(place[b])];
      if (one === other) continue;
      nodes[one] = this.join(nodes[one], nodes[other], order);
      groups[other] = one;
      left -= 1;
    }
    return nodes.filter((_, i) => groups[i] === i);
  }

  /** Divide the region at a place of the list; null if it is a single cell. */
  split(parts, place) {
    const {first, second} = parts[place];
    return first ? [...parts.with(place, first), second] : null;
  }

  /** Make one region of two; null if they do not touch. */
  merge(parts, one, other) {
    const place = this.assign(parts);
    const touch = this.edges.some(([a, b]) => (place[a] === one && place[b] === other) || (place[a] === other && place[b] === one));
    if (!touch) return null;
    // Joined no later than its own parts were: what the user joins is not what falls apart first.
    const order = Math.max(parts[one].order, parts[other].order, 0);
    const merged = parts.with(one, this.join(parts[one], parts[other], order));
    merged.splice(other, 1);
    return merged;
  }

  /** Place of the neighbour that the hierarchy joins first with a region; -1 if there is none. */
  nearest(parts, region) {
    const place = this.assign(parts);
    const edge = this.edges.find(([a, b]) => place[a] !== place[b] && (place[a] === region || place[b] === region));
    return edge ? edge.slice(0, 2).map(cell => place[cell]).find(other => other !== region) : -1;
  }

  /** For every cell the place of its region in the list. */
  assign(parts) {
    const place = new Uint16Array(this.count);
    parts.forEach((part, i) => this.cellsOf(part).forEach(cell => { place[cell] = i; }));
    return place;
  }

  cellsOf(node) {
    const cells = [], open = [node];
    while (open.length) {
      const {first, second, cell} = open.pop();
      if (first) open.push(first, second);
      else cells.push(cell);
    }
    return cells;
  }

  /** Bits of a region, column by column. */
  bitsOf(node) {
    const chosen = new Uint8Array(this.count), bits = new Uint8Array(this.cells.length);
    for (const cell of this.cellsOf(node)) chosen[cell] = 1;
    for (let i = 0; i < bits.length; i += 1) bits[i] = chosen[this.cells[i]];
    return bits;
  }
}
