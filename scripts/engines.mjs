// The variables that put a board on the engines of `make services`.
import { execFileSync } from 'node:child_process';

const variables = execFileSync('scripts/services.sh', ['variables'], { encoding: 'utf8' });
export const engines = Object.fromEntries([...variables.matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name, value]));
