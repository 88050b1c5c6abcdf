// Decides when participants are offered to continue without the game.

const LOST_FOR = 30_000;
const ENDING_FOR = 5000;
const ENDING_AT_MOST = 30_000;
const RECHECK_AFTER = 3000;

/**
 * Why they may leave: the server is lost, it has not confirmed the end that they asked for, or its picture stands still.
 *
 * @typedef {"lost" | "ending" | "still"} Reason
 */

/** The offer to leave, from what is known of connection, picture and the participant's own presses. */
export class WayOut {
  #show;
  #stillFor;
  #lostAt = null;
  #endingAt = null;
  #movedAt = 0;
  #reason = null;
  #timer = 0;

  /**
   * @param {number} stillFor seconds without a change of the picture; 0 for never
   * @param {(reason: Reason | null) => void} show offers to leave, or withdraws the offer
   */
  constructor(stillFor, show) {
    this.#stillFor = stillFor > 0 ? 1000 * stillFor : Infinity;
    this.#show = show;
  }

  /** Whether participants may leave now. */
  get isOffered() {
    return this.#reason !== null;
  }

  /** Note that there is no connection. @param {number} since as performance.now() */
  noteLost(since) {
    this.#lostAt = since;
    this.#check(this.#reason === "still" ? null : this.#reason);
  }

  /** Note that there is a connection. */
  noteConnected() {
    this.#lostAt = null;
    this.#movedAt = performance.now();
    this.#check(null);
  }

  /** Note that the picture has changed. */
  noteMove() {
    this.#movedAt = performance.now();
    // Thirty pictures arrive in a second; the timer that is set already checks again.
    if (this.#reason) this.#check(null);
  }

  /** Note that the participant has asked for the end of the game. */
  noteEnding() {
    this.#endingAt = performance.now();
    this.#check(this.#reason);
  }

  /** Note that the participant plays on after all. */
  noteStart() {
    this.#endingAt = null;
    if (this.#reason) this.#check(null);
  }

  /** Withdraw the offer, and forget everything. */
  reset() {
    clearTimeout(this.#timer);
    this.#lostAt = this.#endingAt = null;
    this.#set(null);
  }

  /** Offer what is due, or set a timer for it; `meanwhile` is the offer until then. */
  #check(meanwhile) {
    clearTimeout(this.#timer);
    const { at, reason } = this.#findDue();
    const wait = at - performance.now();
    if (wait > 0) {
      this.#set(meanwhile);
      if (wait < Infinity) this.#timer = setTimeout(() => this.#check(null), wait);
      return;
    }
    // Without a network the server's state is unknown.
    this.#set(navigator.onLine ? reason : null);
    if (!navigator.onLine) this.#timer = setTimeout(() => this.#check(null), RECHECK_AFTER);
  }

  #findDue() {
    const lostAt = this.#lostAt === null ? Infinity : this.#lostAt + LOST_FOR;
    const stillAt = this.#lostAt === null ? this.#movedAt + this.#stillFor : Infinity;
    const dues = [
      { at: lostAt, reason: "lost" },
      { at: this.#findEndingDue(), reason: "ending" },
      { at: stillAt, reason: "still" },
    ];
    return dues.reduce((first, due) => (due.at < first.at ? due : first));
  }

  /** A game that is winding down still moves; one that ignores the button moves on and on. */
  #findEndingDue() {
    if (this.#endingAt === null) return Infinity;
    return Math.min(Math.max(this.#endingAt, this.#movedAt) + ENDING_FOR, this.#endingAt + ENDING_AT_MOST);
  }

  #set(reason) {
    if (this.#reason === reason) return;
    this.#reason = reason;
    this.#show(reason);
  }
}
