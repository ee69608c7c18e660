import { useState } from 'preact/hooks';

/** A choice that this browser remembers. */
export function useSetting<T>(name: string, initial: T): readonly [T, (value: T) => void] {
  const key = `geobuk.${name}`;
  const [value, setValue] = useState<T>(() => {
    const stored = localStorage.getItem(key);
    return stored === null ? initial : (JSON.parse(stored) as T);
  });
  const remember = (next: T): void => {
    localStorage.setItem(key, JSON.stringify(next));
    setValue(next);
  };
  return [value, remember];
}
