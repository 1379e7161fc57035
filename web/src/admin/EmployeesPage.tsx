import { AdminPage, QueryNote, TableScroller, Time } from './parts.tsx';
import { addressOf } from './useAddress.ts';
import { NEW_EMPLOYEE } from './EmployeePage.tsx';
import { useEmployees } from './useEmployees.ts';

/** All employees, also those that do not answer any more. */
export function EmployeesPage() {
  const employees = useEmployees();
  return (
    <AdminPage title="Employees" actions={<a className="button small" href={addressOf('employees', NEW_EMPLOYEE)}>New employee</a>}>
      <QueryNote query={employees} />
      {employees.data && (
        <TableScroller label="Employees">
          <table>
            <thead><tr><th scope="col">Employee</th><th scope="col">Model</th><th scope="col">Tools</th><th scope="col">Version</th><th scope="col">Changed</th></tr></thead>
            <tbody>
              {employees.data.data.map((employee) => (
                <tr key={employee.slug}>
                  <th scope="row">
                    <a href={addressOf('employees', employee.slug)}>{employee.title}</a>
                    <span className="muted"> {employee.slug}</span>
                    {!employee.is_active && <span className="tag">inactive</span>}
                    {employee.slug === employees.data.defaults.employee && <span className="tag">default</span>}
                  </th>
                  <td>{employee.model ?? <span className="muted">{employees.data.defaults.model}</span>}</td>
                  <td>{employee.tools.length + employee.mcp_servers.length}</td>
                  <td>{employee.version}</td>
                  <td><Time at={employee.updated_at} /></td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableScroller>
      )}
    </AdminPage>
  );
}
