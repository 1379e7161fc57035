export { Chat, type ChatProps } from './Chat.tsx';
export { FrontdeskProvider, useFrontdeskClient, type FrontdeskProviderProps } from './FrontdeskProvider.tsx';
export { SessionList, type SessionListProps } from './SessionList.tsx';
export { ToolApproval, type ToolApprovalProps } from './ToolApproval.tsx';
export { toUiMessages, type FrontdeskMessage, type FrontdeskMetadata } from './messages.ts';
export { FrontdeskTransport, type FrontdeskTransportOptions } from './transport.ts';
export { useFrontdesk, type FrontdeskChat, type UseFrontdeskOptions } from './useFrontdesk.ts';
export { useSessionList, type SessionListState } from './useSessionList.ts';
