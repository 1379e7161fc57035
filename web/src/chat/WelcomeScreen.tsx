import type { Employee } from '../api/api.ts';
import { lookUp, useTexts } from '../language/language.ts';

interface Props {
  employees: Employee[];
  slug: string | undefined;
  onChoose: (slug: string) => void;
  /** Called with a prompt that the user may change before it is sent. */
  onExample: (prompt: string) => void;
}

/** An empty conversation: a card for each employee to choose from, and prompts for the chosen one. */
export function WelcomeScreen({ employees, slug, onChoose, onExample }: Props) {
  const { welcome: texts } = useTexts();
  const prompts = (slug && lookUp(texts.prompts, slug)) || texts.anyPrompts;
  return (
    <div className="welcome">
      <h1>{texts.title}</h1>
      <div className="employee-cards" role="radiogroup" aria-label={texts.employee}>
        {employees.map((employee) => (
          <label key={employee.slug} className="employee-card">
            <input type="radio" name="employee" checked={employee.slug === slug} onChange={() => onChoose(employee.slug)} />
            <span className="employee-card-title" dir="auto">{employee.title}</span>
            <span className="employee-card-description" dir="auto">{employee.description}</span>
            <Skills employee={employee} />
          </label>
        ))}
      </div>
      {employees.length > 0 && (
        <section className="examples" aria-label={texts.examples}>
          <h2>{texts.examples}</h2>
          {prompts.map((prompt) => (
            <button key={prompt} type="button" className="example" onClick={() => onExample(prompt)} data-testid="example">{prompt}</button>
          ))}
        </section>
      )}
    </div>
  );
}

function Skills({ employee: { slug, reads_pictures: readsPictures } }: { employee: Employee }) {
  const { welcome: texts } = useTexts();
  const skills = [...lookUp(texts.skills, slug) ?? [], ...(readsPictures ? [texts.readsPictures] : [])];
  if (skills.length === 0) return null;
  return <span className="skills">{skills.map((skill) => <span key={skill}>{skill}</span>)}</span>;
}
