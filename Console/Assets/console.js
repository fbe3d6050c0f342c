// Makes the console quicker; without it everything works. Live parts are fetched again while the page is in view.
(() => {
  'use strict';
  // What answers a form is at no address of its own, and says what must not go away.
  const isAnswer = document.body.hasAttribute('data-answer');
  // Without a choice of the user's, times are shown in the browser's zone.
  const hasZone = () => /(^|; )xero_zone=/.test(document.cookie);
  if (!hasZone()) {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (zone) document.cookie = `xero_zone=${encodeURIComponent(zone)}; Path=/console/; SameSite=Strict; Max-Age=31536000${location.protocol === 'https:' ? '; Secure' : ''}`;
    if (hasZone() && zone !== 'UTC' && !isAnswer && document.querySelector('main time')) location.reload();
  }
  // What has been done is said once.
  const address = new URL(location);
  if (address.searchParams.has('done')) {
    for (const name of ['done', 'note']) address.searchParams.delete(name);
    history.replaceState(null, '', address);
  }
  // A form made what is shown here: to load the page again must not make another.
  const secret = document.querySelector('.secret');
  if (secret) history.replaceState(null, '', secret.dataset.at);
  const narrow = matchMedia('(max-width: 760px)');
  const nav = document.querySelector('.nav');
  const fold = () => { if (nav) nav.open = !narrow.matches; };
  fold();
  narrow.addEventListener('change', fold);
  for (const open of document.querySelectorAll('.confirm')) {
    open.addEventListener('keydown', (e) => {
      if (e.key === 'Escape' && open.open) { open.open = false; open.querySelector('summary').focus(); }
    });
  }
  document.addEventListener('click', (e) => {
    for (const open of document.querySelectorAll('.confirm[open]')) if (!open.contains(e.target)) open.open = false;
  });
  // UTC beside times follows what stands in them: the first instant of an ambiguous local time, nothing of a skipped one.
  const inUtc = (local, zone) => {
    const wall = Date.parse(`${local}Z`);
    const clock = Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' });
    const wallAt = (instant) => {
      const at = Object.fromEntries(clock.formatToParts(instant).map((part) => [part.type, Number(part.value)]));
      return Date.UTC(at.year, at.month - 1, at.day, at.hour, at.minute, at.second);
    };
    const day = 86400000;
    const found = [wall - day, wall + day].map((near) => wall - (wallAt(near) - near)).sort((a, b) => a - b).find((instant) => wallAt(instant) === wall);
    return new Date(found).toUTCString().replace(/^\w+, 0?(\d+ \w+ \d+) (\d+:\d+).*/, '$1, $2');
  };
  for (const times of document.querySelectorAll('[data-times]')) {
    times.addEventListener('input', () => {
      const field = (name) => times.querySelector(`[name="${name}"]`).value;
      let text = '';
      try {
        const zone = field('zone').trim();
        const all = times.dataset.times.split(' ').map((name) => inUtc(field(name), zone));
        if (zone !== 'UTC' && !all.includes('Invalid Date')) text = `In UTC: ${all.join(' to ')}.`;
      } catch { /* An invalid time or zone has no UTC; what is wrong with it is said when it is sent. */ }
      times.querySelector('#utc').textContent = text;
    });
  }
  // A preview, and how many a button tells, follow what is typed when it rests.
  for (const form of document.forms) {
    const parts = form.querySelectorAll('[data-preview]');
    const button = form.querySelector('button[value=preview]');
    if (!button || !parts.length) continue;
    let [timer, asked] = [0, null];
    const preview = async () => {
      if ([...form.elements].some((field) => field.validity?.badInput)) return;
      const body = new URLSearchParams(new FormData(form));
      body.set(button.name, button.value);
      body.set('preview_alone', 'on');
      let page = null;
      try {
        const response = await fetch(form.getAttribute('action'), { method: 'POST', body, headers: { Accept: 'text/html' }, redirect: 'manual', signal: asked.signal });
        if (response.ok || response.status === 400) page = new DOMParser().parseFromString(await response.text(), 'text/html'); // 400: something else in it is wrong
      } catch (failure) {
        if (failure.name === 'AbortError') return; // something was typed meanwhile
      }
      const same = page && [...page.forms].find((one) => one.querySelector('button[value=preview]'));
      for (const part of parts) {
        const now = same?.querySelector(`[data-preview="${part.dataset.preview}"]`);
        if (now) part.replaceChildren(...now.childNodes);
        else part.textContent = part.localName === 'section' ? 'The preview cannot be shown right now.' : '';
      }
    };
    form.addEventListener('input', () => {
      clearTimeout(timer);
      asked?.abort();
      asked = new AbortController();
      timer = setTimeout(preview, 800);
    });
    form.addEventListener('submit', () => { clearTimeout(timer); asked?.abort(); });
  }
  for (const form of document.forms) {
    form.addEventListener('submit', (e) => {
      // A preview needs no field filled in, but a date that is half typed would be sent as none.
      const half = e.submitter?.formNoValidate && [...form.elements].find((field) => field.validity?.badInput);
      if (half) { e.preventDefault(); half.reportValidity(); return; }
      setTimeout(() => [...form.elements].filter((field) => field.localName === 'button').forEach((b) => { b.disabled = true; }));
    });
  }
  // A browser says nothing of what is wrong with a field that cannot be seen.
  document.addEventListener('invalid', (e) => { e.target.closest('details')?.setAttribute('open', ''); }, true);
  addEventListener('pageshow', () => document.querySelectorAll('button[disabled]').forEach((b) => { b.disabled = false; }));

  const live = () => document.querySelectorAll('[data-live]');
  if (!document.querySelector('main [data-live]') || isAnswer) return;
  const every = 5000;
  const old = 15000;
  let wait = every;
  let [heard, why, notBefore, timer, busy] = [Date.now(), '', 0, 0, false];
  // What was not fetched again for a while is not shown as what is now.
  const sayHowOld = () => {
    let note = document.getElementById('not-live');
    if (Date.now() - heard < old) { note?.remove(); return; }
    if (!note) {
      note = document.createElement('p');
      [note.id, note.className] = ['not-live', 'note'];
      note.setAttribute('role', 'status');
      document.querySelector('main').prepend(note);
    }
    const text = `As of ${new Date(heard).toISOString().slice(0, 19).replace('T', ' ')} UTC${why && `: ${why}`}.`;
    if (note.textContent !== text) note.textContent = text;
  };
  const refresh = async () => {
    busy = true;
    if (document.visibilityState === 'visible' && !document.querySelector('[data-live] details[open], [data-live] :focus:not(.scroll)')) {
      try {
        const response = await fetch(location.pathname + location.search, { headers: { Accept: 'text/html', 'Xerotier-Live': '1' }, redirect: 'manual', signal: AbortSignal.timeout(10000) });
        if (response.type === 'opaqueredirect' || response.status === 401) { location.assign(location.pathname + location.search); return; } // not reload, which may send a form again
        if (response.ok) {
          const page = new DOMParser().parseFromString(await response.text(), 'text/html');
          for (const part of live()) {
            const now = page.querySelector(`[data-live="${part.dataset.live}"]`);
            if (now && now.innerHTML !== part.innerHTML) part.replaceChildren(...now.childNodes);
          }
          heard = Date.now();
        }
        why = response.ok ? '' : response.status < 500 ? `it cannot be fetched again (${response.status})` : 'the console cannot be reached';
        const after = Number(response.headers.get('Retry-After'));
        wait = after > 0 ? after * 1000 : every;
        notBefore = after > 0 ? Date.now() + wait : 0;
      } catch {
        why = 'the console cannot be reached';
        wait = Math.min(wait * 2, 60000);
      }
    } else if (document.visibilityState === 'visible') why = 'nothing is fetched again while something is open or marked here';
    busy = false;
    sayHowOld();
    timer = setTimeout(refresh, wait);
  };
  timer = setTimeout(refresh, every);
  setInterval(sayHowOld, every);
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState !== 'visible' || busy || Date.now() < notBefore) return;
    clearTimeout(timer);
    wait = every;
    refresh();
  });
})();
