// Rewrites the pages of docs/ that are made from the code, where they are not current.

import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { PAGES, ROOT, stalePages } from './pages.ts';

for (const file of stalePages()) {
  writeFileSync(path.join(ROOT, file), PAGES.get(file)?.() ?? '');
  console.log(`Wrote ${file}`);
}
