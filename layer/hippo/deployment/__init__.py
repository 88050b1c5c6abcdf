"""The code that CloudFormation calls while the stack is created, updated or deleted."""
