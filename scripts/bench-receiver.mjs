// A collector for benchmarks, on a thread of its own: whoever measures blocks theirs. It takes everything, and says how much.
import { createServer } from 'node:http';
import { parentPort } from 'node:worker_threads';

const received = {};
const receiver = createServer((request, response) => {
  received[request.url] = (received[request.url] ?? 0) + Number(request.headers['content-length'] ?? 0);
  request.resume().on('end', () => response.end());
});
receiver.listen(0, '127.0.0.1', () => parentPort.postMessage({ port: receiver.address().port }));
parentPort.on('message', () => parentPort.postMessage({ received }));
