// Receives webhooks of Xerotier Status: verifies the signature, answers at once, ignores what it has seen, prints a line per message.
import { createServer } from 'node:http';
import { Webhook } from 'standardwebhooks';

const secret = process.env.WEBHOOK_SECRET;
if (!secret) {
  console.error('Set WEBHOOK_SECRET to the secret of the subscription (whsec_…).');
  process.exit(2);
}

const webhook = new Webhook(secret);
const longest = 1024 * 1024; // bytes of a message; ours are far smaller
const remembered = 10_000;
const seen = new Set(); // yours belongs in a database, with what the message changed, in one transaction

createServer(async (request, response) => {
  if (request.method !== 'POST') return response.writeHead(405, { allow: 'POST' }).end();
  const chunks = [];
  let length = 0;
  try {
    for await (const chunk of request) {
      length += chunk.length;
      if (length > longest) return response.writeHead(413, { connection: 'close' }).end();
      chunks.push(chunk);
    }
  } catch {
    return; // the sender hung up; it will try again
  }

  let message;
  try {
    message = webhook.verify(Buffer.concat(chunks).toString(), request.headers); // the bytes as they came, not JSON made anew
  } catch (failure) {
    console.error(`refused: ${failure.message}`);
    return response.writeHead(401).end();
  }

  response.writeHead(204).end(); // before any work: after 15 s without an answer the message is sent again
  const id = request.headers['webhook-id'];
  if (seen.has(id)) return;
  seen.add(id);
  if (seen.size > remembered) seen.delete(seen.values().next().value);
  console.log(`${message.timestamp} ${message.type} #${message.data.sequence} ${id}`);
}).listen(Number(process.env.PORT ?? 9000), process.env.HOST ?? '127.0.0.1', function () {
  console.log(`Listening on http://${this.address().address}:${this.address().port}`);
});
