import { createHash } from 'node:crypto';

/**
 * A hand of different queues for a flow, the same for the same flow. Two flows seldom have the whole hand in common, so
 * that one which fills its queues leaves others a way past it.
 *
 * Worked example: of 4 queues a hand of 2. The hash 11 gives first card 11 mod 4 = 3, rest 2; the second card is
 * 2 mod 3 = 2 of the three that are left (0, 1, 2): the hand is [3, 2].
 */
export function shuffleShard(flow: string, queues: number, handSize: number): readonly number[] {
  const digest = createHash('sha256').update(flow).digest();
  let hash = digest.readBigUInt64LE(0);
  const hand: number[] = [];
  for (let i = 0; i < Math.min(handSize, queues); i++) {
    const left = BigInt(queues - i);
    let card = Number(hash % left);
    hash /= left;
    // The card is counted among those that are left: step over those in the hand, lowest first.
    for (const taken of [...hand].sort((a, b) => a - b)) if (card >= taken) card++;
    hand.push(card);
  }
  return hand;
}
