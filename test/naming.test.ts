import { Naming } from '../src';
test('x', () => { expect(new Naming()).toBeDefined(); });
