import { Icon } from './Icon.tsx';

/** Product name with its bell. */
export function Brand() {
  return (
    <span className="brand">
      <span className="brand-mark"><Icon name="bell" /></span>
      Frontdesk
    </span>
  );
}
