import { useChat } from '@ai-sdk/react';
import { isToolUIPart } from 'ai';
import { useCallback, useEffect, useMemo, useState, type ReactNode } from 'react';
import type { Api, Employee } from '../api/api.ts';
import { isPicture } from './AttachButton.tsx';
import { Composer, focusComposer, HAS_FINE_POINTER } from './Composer.tsx';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import { describeError } from '../api/errors.ts';
import { formatList } from '../language/format.ts';
import { useTexts } from '../language/language.ts';
import { FailedAnswer } from './FailedAnswer.tsx';
import { Icon } from '../ui/Icon.tsx';
import { loadMessageViews, PlainMessage, useMessageViews } from './messageViews.tsx';
import type { Lookups } from './lookups.ts';
import { hasMention, mentionedEmployee } from './mentions.ts';
import type { ChatMessage } from './messages.ts';
import type { SessionChat } from './sessionChat.ts';
import { approvalExpiry, toolCallStatus, type ToolCallPart } from './toolCalls.ts';
import type { Documents } from '../documents/useDocuments.ts';
import { useDraft } from './useDraft.ts';
import { useFileDrop } from './useFileDrop.ts';
import { usePictures } from './usePictures.ts';
import type { Draft } from './UserMessage.tsx';
import { useStickToBottom } from './useStickToBottom.ts';

/** Milliseconds between two renders of streaming text: smooth to read, and cheap for long answers. */
const RENDER_EVERY = 50;

/** An error of the last request, and the request that a retry repeats. */
interface RequestError {
  text: string;
  /** Answer to regenerate; without one, a retry sends the composer's text. */
  answer?: string;
  /** Slug of the employee who was to answer it. */
  employee?: string | undefined;
  canRetry?: boolean;
}

interface Props {
  chat: SessionChat;
  /** True until the conversation has an address. */
  isNew: boolean;
  api: Api;
  employees: Employee[];
  /** Slug that the user chose; undefined leaves the choice to the server, which knows about hand-overs. */
  chosenEmployee: string | undefined;
  /** Slug of the employee who answers now. */
  currentEmployee: string | undefined;
  /** False in a private conversation. */
  remember: boolean;
  /** Renders an empty conversation. */
  welcome: (onExample: (prompt: string) => void) => ReactNode;
  /** Called when the server has the first message. */
  onStarted: () => void;
  /** Called with the slug of the newest answer's employee. */
  onAnswering: (slug: string) => void;
  onDecide: (approval: string, isAllowed: boolean) => Promise<Error | undefined>;
  onRecover: () => Promise<void>;
  onStop: () => Promise<void>;
  documents: Documents;
  /** Loads the messages before the first one. */
  onLoadOlder: () => Promise<void>;
}

export function Chat(props: Props) {
  const { chat, isNew, api, employees, chosenEmployee, currentEmployee, remember, welcome, documents } = props;
  const { onStarted, onAnswering, onDecide, onRecover, onStop, onLoadOlder } = props;
  const { chat: texts, common } = useTexts();
  const { messages, status, error } = useChat({ chat, throttle: RENDER_EVERY });
  const [draft, setDraft] = useDraft(chat.id, isNew);
  const [edited, setEdited] = useState<Draft>();
  const [requestError, setRequestError] = useState<RequestError>();
  const pictures = usePictures(api);
  const employeeBySlug = (slug: string | undefined) => employees.find((employee) => employee.slug === slug);
  const { scroller, content, isAtBottom, scrollToBottom, keepInPlace, keepEndInPlace } = useStickToBottom(messages);
  const recipient = employeeBySlug(mentionedEmployee(draft) ?? currentEmployee);
  const addFiles = (files: File[]) => {
    pictures.pick(files.filter((file) => isPicture(file, recipient)));
    const others = files.filter((file) => !isPicture(file, recipient));
    if (others.length > 0) documents.add(others);
  };
  const isDropTarget = useFileDrop(addFiles);
  // `messages` is one branch of the tree.
  const tree = useMemo(() => chat.tree, [chat, messages]);
  const isRunning = status === 'submitted' || status === 'streaming';
  const last = messages.at(-1);
  const endsWithAnswer = last?.role === 'assistant';
  const newest = tree.newest();
  const answering = newest === undefined ? undefined : tree.get(newest)?.metadata?.employee;
  const isWaiting = !isRunning && endsWithAnswer && tree.idOf(last.id) === newest && awaitsApproval(last);
  const lookups = useMemo((): Lookups => ({
    employees,
    employeeTitle: (slug) => employees.find((employee) => employee.slug === slug)?.title ?? slug,
    fileLink: api.fileLink,
    facts: api.facts,
    passages: api.passages,
    rate: api.rate,
    unrate: api.unrate,
  }), [api, employees]);
  const { status: answerStatus = 'complete' } = last?.metadata ?? {};
  const hasFailed = endsWithAnswer && !isRunning && (error !== undefined || answerStatus !== 'complete');

  const views = useMessageViews();
  const isWriting = draft !== '' || messages.length > 0;
  useEffect(() => {
    if (isWriting) void loadMessageViews();
  }, [isWriting]);

  // Not by the status: an answer that arrives all at once has ended before the first render.
  useEffect(() => {
    if (endsWithAnswer) onStarted();
  }, [endsWithAnswer]);

  useEffect(() => {
    if (answering) onAnswering(answering);
  }, [answering]);

  /** Moves the focus away from the pressed button, which disappears when the answer arrives. */
  const focusAnswer = useCallback(() => {
    setRequestError(undefined);
    if (HAS_FINE_POINTER) focusComposer();
    else scroller.current?.focus();
    scrollToBottom();
  }, [scrollToBottom]);

  async function send(text: string) {
    setDraft('');
    setRequestError(undefined);
    focusComposer();
    scrollToBottom();
    const taken = pictures.takeReady();
    const sent = taken.flatMap(({ id, file }) => (id === undefined ? [] : [{ id, name: file.name }]));
    const failure = await chat.ask(text, { employee: employeeFor(text, chosenEmployee), remember, pictures: sent });
    if (!failure) return;
    // A rejected message is not part of the conversation: it returns to the composer, before any newer text.
    setRequestError({ text: describeError(failure) });
    setDraft((later) => (later ? `${text}\n\n${later}` : text));
    pictures.putBack(taken);
  }

  const regenerate = useCallback(async (answer: string, employee?: string) => {
    focusAnswer();
    const failure = await chat.regenerateAnswer(answer, { employee: employee ?? chosenEmployee, remember });
    if (failure) setRequestError({ text: describeError(failure), answer, employee });
  }, [chat, chosenEmployee, remember, focusAnswer]);

  const saveEdit = useCallback(async ({ id, text }: Draft) => {
    focusAnswer();
    const failure = await chat.editMessage(id, text, { employee: employeeFor(text, chosenEmployee), remember });
    // A rejected edit opens its editor again.
    setEdited(failure && { id, text, error: describeError(failure) });
  }, [chat, chosenEmployee, remember, focusAnswer]);

  const decide = useCallback(async (approval: string, isAllowed: boolean) => {
    const decided = onDecide(approval, isAllowed);
    // The pressed button disappears. The next request gets the focus as a whole, so that Enter decides nothing.
    const next = [...document.querySelectorAll<HTMLElement>('.approval')].find((card) => !card.contains(document.activeElement));
    if (next) next.focus();
    else focusAnswer();
    const failure = await decided;
    if (failure) setRequestError({ text: describeError(failure), canRetry: false });
  }, [onDecide, focusAnswer]);

  const switchBranch = useCallback((id: string, by: -1 | 1, control: HTMLElement) => {
    const versions = chat.tree.siblings(id);
    const version = versions[versions.indexOf(chat.tree.idOf(id)) + by];
    if (!version) return;
    setRequestError(undefined);
    keepInPlace(control);
    chat.showBranch(version);
  }, [chat, keepInPlace]);

  function takeExample(prompt: string) {
    setDraft(prompt);
    focusComposer();
  }

  async function loadOlder() {
    keepEndInPlace();
    await onLoadOlder().catch((failure: unknown) => setRequestError({ text: describeError(failure), canRetry: false }));
  }

  function retryActions({ answer, employee, canRetry = true }: RequestError) {
    if (!canRetry) return [];
    const retry = answer !== undefined ? () => void regenerate(answer, employee) : draft.trim() ? () => void send(draft) : undefined;
    return retry ? [{ label: common.retry, run: retry }] : [];
  }

  return (
    <>
      <div className="conversation" ref={scroller} tabIndex={0} role="log" aria-label={texts.log} aria-busy={isRunning}>
        <div className="column" ref={content}>
          {messages.length === 0 && welcome(takeExample)}
          {chat.olderCursor !== undefined && (
            <button type="button" className="button small older-messages" disabled={isRunning} onClick={() => void loadOlder()}>
              {texts.older}
            </button>
          )}
          {messages.map((message, index) => {
            if (!views) return <PlainMessage key={index} message={message} />;
            const versions = tree.siblings(message.id);
            const common = {
              message, isBusy: isRunning, onSwitchBranch: switchBranch,
              version: versions.indexOf(tree.idOf(message.id)) + 1, versionCount: versions.length,
            };
            // Keyed by position: another version reuses the controls of the one before, and keeps their focus.
            return message.role === 'user' ? (
              <views.UserMessage key={index} {...common} draft={edited && tree.idOf(edited.id) === tree.idOf(message.id) ? edited : undefined}
                masked={message.metadata?.masked ?? messages[index + 1]?.metadata?.parent_masked} onDraft={setEdited} onSave={saveEdit} />
            ) : (
              <views.AssistantMessage key={index} {...common} canRegenerate={!(hasFailed && message === last)} onRegenerate={regenerate}
                phase={isRunning && message === last ? 'streaming' : tree.idOf(message.id) === newest ? 'latest' : 'earlier'}
                onDecide={decide} lookups={lookups} />
            );
          })}
          {isRunning && !(endsWithAnswer && showsProgress(last)) && (
            <p className="typing-indicator">{texts.answering(employeeBySlug(currentEmployee)?.title ?? texts.someone)}</p>
          )}
          {hasFailed && (
            <FailedAnswer status={last.metadata?.status} error={error} onCheck={onRecover} onRegenerate={() => void regenerate(last.id)} />
          )}
        </div>
      </div>
      {isDropTarget && <div className="drop-target" aria-hidden="true">{texts.drop}</div>}
      <div className="composer-dock column">
        {!isAtBottom && (
          <button type="button" className="button icon-only scroll-to-bottom" aria-label={texts.toNewest} onClick={scrollToBottom}>
            <Icon name="down" />
          </button>
        )}
        {documents.uploading.length > 0 && (
          <p className="composer-hint" role="status">{texts.readingFiles(formatList(documents.uploading, 'unit'))}</p>
        )}
        {requestError && <ErrorNote text={requestError.text} actions={retryActions(requestError)} />}
        <Composer value={draft} onChange={setDraft} onSend={(text) => void send(text)} isBusy={isRunning}
          onStop={() => void onStop().catch((failure: unknown) => setRequestError({ text: describeError(failure) }))}
          employees={employees} recipient={recipient} pictures={pictures} onFiles={addFiles}
          hint={isWaiting ? texts.withdraws : undefined} />
      </div>
    </>
  );
}

/** A mention in the text overrides the chosen employee: the server reads it itself. */
function employeeFor(text: string, chosenEmployee: string | undefined): string | undefined {
  return hasMention(text) ? undefined : chosenEmployee;
}

function awaitsApproval({ parts, metadata }: ChatMessage): boolean {
  const expiryOf = (part: ToolCallPart) => approvalExpiry(part, metadata?.approvals);
  return parts.some((part) => isToolUIPart(part) && toolCallStatus(part, 'latest', Date.now(), expiryOf(part)) === 'awaiting_approval');
}

/** True if a streaming answer itself shows that it goes on: by text at its end, or by a running call. */
function showsProgress({ parts }: ChatMessage): boolean {
  const last = parts.findLast((part) => isToolUIPart(part) || (part.type === 'text' && part.text));
  if (!last || !isToolUIPart(last)) return last !== undefined;
  return parts.some((part) => isToolUIPart(part) && toolCallStatus(part, 'streaming', 0, undefined) === 'running');
}
