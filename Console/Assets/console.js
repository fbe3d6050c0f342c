// Makes the console quicker; without it everything works. Live parts are fetched again while the page is in view.
(() => {
  'use strict';
  // The first time, times are shown in the browser's zone.
  if (!/(^|; )xero_zone=/.test(document.cookie)) {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (zone) document.cookie = `xero_zone=${encodeURIComponent(zone)}; Path=/console/; SameSite=Strict; Max-Age=31536000${location.protocol === 'https:' ? '; Secure' : ''}`;
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
  // UTC beside times is of what stood in them.
  for (const times of document.querySelectorAll('[data-times]')) times.addEventListener('input', () => times.querySelector('#zone-hint')?.remove());
  for (const form of document.forms) {
    form.addEventListener('submit', (e) => {
      // A preview needs no field filled in, but a date that is half typed would be sent as none.
      const half = e.submitter?.formNoValidate && [...form.elements].find((field) => field.validity?.badInput);
      if (half) { e.preventDefault(); half.reportValidity(); return; }
      setTimeout(() => form.querySelectorAll('button').forEach((b) => { b.disabled = true; }));
    });
  }
  addEventListener('pageshow', () => document.querySelectorAll('button[disabled]').forEach((b) => { b.disabled = false; }));

  const live = () => document.querySelectorAll('[data-live]');
  // What answers a form is at no address of its own, and says what must not go away.
  if (!document.querySelector('main [data-live]') || document.body.hasAttribute('data-answer')) return;
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
    if (document.visibilityState === 'visible' && !document.querySelector('[data-live] details[open], [data-live] :focus')) {
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
