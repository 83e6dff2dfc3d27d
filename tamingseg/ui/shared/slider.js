// A number from 1 on, chosen with a slider and a field: small numbers get more room on the slider.

/** Where N lies between 1 and `total`, as a share of a logarithmic axis, and back. */
export function shareOf(n, total) {
  return total > 1 ? Math.log(n) / Math.log(total) : 0;
}

export function countAt(share, total) {
  return Math.max(1, Math.min(total, Math.round(Math.exp(share * Math.log(total)))));
}

export class CountSlider {
  /**
   * `slider` and `field` are the inputs. `now()` gives {count, total}, `set(count, time)` is told what
   * the user chose and when, `leave()` that the field was left, by Enter for the photo.
   */
  constructor(slider, field, {now, set, leave, toPhoto}) {
    Object.assign(this, {slider, field});
    slider.addEventListener("input", event => set(countAt(Number(slider.value), now().total), event.timeStamp));
    slider.addEventListener("keydown", event => {
      const {count, total} = now(), next = this.after(event, count, total);
      if (next === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      set(next, event.timeStamp);
    });
    field.addEventListener("input", event => {
      if (field.checkValidity() && field.value) set(Number(field.value), event.timeStamp);
    });
    field.addEventListener("keydown", event => {
      if (event.key === "Enter") toPhoto();
    });
    field.addEventListener("blur", leave);
  }

  /** The count after a key: one less or more, a quarter less or more, the first, the last. */
  after({key, ctrlKey, metaKey, altKey}, count, total) {
    if (ctrlKey || metaKey || altKey) return undefined;
    const some = Math.max(1, Math.round(count / 4));
    return {
      ArrowLeft: count - 1, ArrowDown: count - 1, ArrowRight: count + 1, ArrowUp: count + 1,
      PageDown: count - some, PageUp: count + some, Home: 1, End: total,
    }[key];
  }

  /** Show a count; `words` are read out by screen readers. */
  show(count, total, words) {
    const {slider, field} = this;
    field.max = total;
    if (document.activeElement !== field) field.value = total ? count : "";
    slider.value = shareOf(count, total);
    slider.setAttribute("aria-valuetext", words);
    slider.disabled = field.disabled = total < 2;
  }
}
