/* <xerotier-status>: the status of the site that this script comes from, on any other. Its style is a constructed sheet, so that it works
   under a policy without inline styles; what it shows is set as text, never as markup. */
const origin = new URL(import.meta.url).origin;
const everySeconds = 60;
const sheet = new CSSStyleSheet();
sheet.replaceSync(`
  :host { color-scheme: light dark; display: inline-block; font: 14px/1.45 system-ui, sans-serif; }
  a { color: inherit; text-decoration: none; } a:hover { text-decoration: underline; } a:focus-visible { outline: 2px solid; outline-offset: 2px; }
  .head { align-items: center; display: flex; font-weight: 600; gap: 8px; }
  i { background: #7d8793; border-radius: 50%; flex: none; height: 10px; width: 10px; }
  .none { background: #26a05f; } .minor { background: #c27c00; border-radius: 2px; } .major, .critical { background: #b9152b; border-radius: 0; } .maintenance { background: #3b6fe0; border-radius: 2px; }
  ul { list-style: none; margin: 6px 0 0; padding: 0 0 0 18px; }
  @media (forced-colors: active) { i { background: CanvasText; } }
`);

customElements.define('xerotier-status', class extends HTMLElement {
  #timer;

  connectedCallback() {
    if (!this.shadowRoot) {
      this.attachShadow({ mode: 'open' }).adoptedStyleSheets = [sheet];
      this.setAttribute('role', 'status');
    }
    this.#refresh();
    this.#timer = setInterval(() => document.visibilityState === 'visible' && this.#refresh(), everySeconds * 1000);
  }

  disconnectedCallback() {
    clearInterval(this.#timer);
  }

  async #refresh() {
    let summary = null;
    try {
      const response = await fetch(`${origin}/api/v2/summary.json`, { credentials: 'omit', cache: 'no-cache' });
      if (response.status === 429) return;
      summary = response.ok ? await response.json() : null;
    } catch {
      /* shown as unknown */
    }
    this.#show(summary);
  }

  #show(summary) {
    const stale = !summary || summary.page.xerotier_stale_since !== null;
    const label = stale ? 'Status unknown' : summary.status.description;
    const working = summary?.scheduled_maintenances.some(each => each.status === 'in_progress');
    const mark = stale || summary.components.some(each => each.xerotier_status === 'unknown') && summary.status.indicator === 'minor' ? ''
      : summary.status.indicator === 'none' && working ? 'maintenance' : summary.status.indicator;
    const head = this.#link('/status', label);
    head.className = 'head';
    head.prepend(Object.assign(document.createElement('i'), { className: mark, ariaHidden: 'true' }));
    const list = document.createElement('ul');
    for (const incident of stale ? [] : summary.incidents.slice(0, 3)) {
      const item = document.createElement('li');
      item.append(this.#link(`/status/incidents/${encodeURIComponent(incident.id)}`, incident.name));
      list.append(item);
    }
    this.shadowRoot.replaceChildren(head, ...(list.children.length ? [list] : []));
  }

  #link(path, text) {
    return Object.assign(document.createElement('a'), { href: origin + path, target: '_blank', rel: 'noopener', textContent: text });
  }
});
