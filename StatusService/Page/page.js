/* All of the page is in its HTML. This writes times in the visitor's zone, lets arrow keys walk the days, and looks for news quietly. */
(() => {
  const main = document.querySelector('main[data-live]');
  if (!main) return;
  const stops = 'a,summary,.bars li';
  const served = {};
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

  const localise = root => {
    if (zone === 'UTC') return;
    let before;
    for (const time of root.querySelectorAll('time[datetime]')) {
      const date = new Date(time.dateTime), text = time.textContent;
      if (isNaN(date)) continue;
      const near = text.endsWith('UTC') && time.previousElementSibling === before?.time ? before.date : new Date();
      const dated = /\d{4}/.test(text) || date.toDateString() !== near.toDateString();
      const day = dated ? { day: 'numeric', month: 'short', year: 'numeric' } : {};
      time.title = text;
      time.textContent = new Intl.DateTimeFormat('en-GB', {
        ...day, hour: '2-digit', minute: '2-digit',
        second: /:\d\d:/.test(text) ? '2-digit' : undefined,
        timeZoneName: text.endsWith('UTC') ? 'short' : undefined,
      }).format(date);
      before = { time, date };
    }
  };

  const replace = (section, html) => {
    if (served[section.id] === html) return;
    served[section.id] = html;
    const open = [...section.querySelectorAll('details[open]')].map(d => d.id);
    const held = section.contains(document.activeElement) && document.activeElement.closest('[id]');
    const at = held ? [...held.querySelectorAll(stops)].indexOf(document.activeElement) : -1;
    section.innerHTML = html;
    localise(section);
    for (const id of open) { const d = document.getElementById(id); if (d) d.open = true; }
    const stop = held && document.getElementById(held.id)?.querySelectorAll(stops)[at];
    if (stop) focus(stop);
  };

  const focus = stop => {
    if (stop.matches('.bars li')) {
      for (const day of stop.parentNode.children) day.removeAttribute('tabindex');
      stop.tabIndex = 0;
    }
    stop.focus({ preventScroll: true });
  };

  let busy = false;
  const lost = document.getElementById('lost');
  const refresh = async () => {
    if (busy || document.hidden || getSelection().type === 'Range') return;
    busy = true;
    try {
      const answer = await fetch(location.pathname, { cache: 'no-cache', signal: AbortSignal.timeout(8000) });
      if (!answer.ok) throw answer.status;
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      if (page.querySelector('style').textContent !== document.querySelector('style').textContent) return location.reload();
      const next = page.querySelector('main');
      main.className = next.className;
      document.title = page.title;
      document.querySelector('link[rel=icon]').href = page.querySelector('link[rel=icon]').href;
      for (const section of next.querySelectorAll(':scope > [id]:not(#lost)')) replace(document.getElementById(section.id), section.innerHTML);
      lost.hidden = true;
    } catch {
      if (lost.hidden) {
        const now = new Date();
        const time = document.createElement('time');
        time.dateTime = now.toISOString();
        time.textContent = now.toLocaleTimeString('en-GB', { timeZoneName: 'short' });
        lost.querySelector('span').replaceChildren(time);
        lost.hidden = false;
      }
    }
    busy = false;
  };

  for (const section of main.children) if (section !== lost) served[section.id] = section.innerHTML;
  localise(main);
  setInterval(refresh, 10000);
  document.addEventListener('visibilitychange', refresh);
  document.addEventListener('pointermove', () => main.classList.remove('quiet'));
  document.addEventListener('keydown', e => {
    main.classList.toggle('quiet', e.key === 'Escape');
    const step = { ArrowLeft: -1, ArrowRight: 1 }[e.key], day = e.target.closest('.bars li');
    const to = step && day && day.parentNode.children[[...day.parentNode.children].indexOf(day) + step];
    if (to) { e.preventDefault(); focus(to); }
  });
})();
